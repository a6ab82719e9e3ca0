"""The network cut in the middle, the back button, two tabs, a double click: what the database and Stripe hold in the end."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from local.fixtures import LiveShop
from orders.models import Order
from payments.models import PaymentAttempt
from tests.browser.test_purchase import pay
from tests.browser.uploading import heavy
from tests.browser.visits import Visitor, about_to_pay, at_stripe, carry, enter_card, in_words, prepared
from uploads import stash

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

Opened = Callable[..., Page]
Wait = Callable[..., Any]
AT_STRIPE = re.compile(re.escape(settings.STRIPE_API_BASE))
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 600_000}  # bytes a second


def open_sessions(shop: LiveShop) -> int:
    return sum(session["status"] == "open" for session in at_stripe(shop, "checkout.session"))


def to_stripe(page: Page) -> None:
    page.check("[name=accept_terms]")
    page.locator("form.pay button").click()
    page.wait_for_url(AT_STRIPE)


def cut_off(page: Page) -> None:
    """Presses "pay", and sees the browser's own page about the network."""
    with page.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-error://")):
        page.locator("form.pay button").click(no_wait_after=True)


def paid(wait_until: Wait) -> Order:
    """The one paid order, with one confirmed payment."""
    wait_until(Order.objects.filter(state="paid").exists, what="the order to be paid")
    assert PaymentAttempt.objects.filter(state="confirmed").count() == 1
    return Order.objects.get(state="paid")


def test_an_upload_cut_in_the_middle_arrives_whole_and_once(shop_page: Opened, tmp_path: Path) -> None:
    """U3, U5: the network goes while bytes are on their way, of which is said how fast; nothing of the first try is left."""
    page = shop_page("desktop", "pt")
    page.goto("/")
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", SLOW)
    file = heavy(tmp_path / "grande.jpg", 3000, 2000, 3_000_000)
    page.set_input_files("#file", file)
    under_way = "() => { const bar = document.querySelector('[data-upload] progress'); return bar && bar.value > 0.1 && bar.value < 0.9; }"
    page.wait_for_function(under_way)
    expect(page.locator("[data-upload-left]")).to_have_text(re.compile(r"MB/s · faltam cerca de \d+ s$"))
    page.context.set_offline(True)
    expect(page.locator("[data-upload-line]")).to_contain_text(
        in_words("pt", "You are offline. The upload goes on by itself when you are back.")
    )
    draft_id = page.context.request.get("/api/v1/drafts/current/").json()["id"]
    assert stash.photos(draft_id) == []
    page.context.set_offline(False)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    (photo,) = stash.photos(draft_id)
    assert (photo.bytes, photo.sha256) == (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
    assert photo.bytes <= stash.staged_bytes() < photo.bytes * 1.2
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    expect(page.locator("[data-photo]")).to_have_count(1)
    assert not Order.objects.exists()


def test_the_network_goes_when_paying_begins_and_nothing_is_paid_twice(
    visitor: Visitor, live_shop: LiveShop, wait_until: Wait
) -> None:
    """U5, C5: first the click never arrives, then its answer does not; the third one pays, once."""
    page = visitor.page
    about_to_pay(page, wait_until, visitor.language)
    page.check("[name=accept_terms]")
    page.context.set_offline(True)
    cut_off(page)
    assert not Order.objects.exists()
    page.context.set_offline(False)
    page.goto("/review/")

    def answer_lost(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/checkout/", answer_lost, times=1)
    page.check("[name=accept_terms]")
    cut_off(page)
    assert (Order.objects.get().state, PaymentAttempt.objects.get().state) == ("pending", "pending")
    page.goto("/review/")
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    assert paid(wait_until).prints == 2
    assert (Order.objects.count(), PaymentAttempt.objects.count()) == (1, 1)
    assert len(at_stripe(live_shop, "checkout.session")) == 1


def test_the_back_button_finds_what_was_typed_and_pays_once(
    visitor: Visitor, live_shop: LiveShop, wait_until: Wait
) -> None:
    """U5, C5, C66: back from the review, back from Stripe, back after paying."""
    page, language = visitor.page, visitor.language
    about_to_pay(page, wait_until, language)
    page.goto("/delivery/")
    page.locator("main form p.actions > button.button").last.click()
    page.wait_for_url("**/review/")
    page.go_back()
    expect(page.locator("#id_email")).to_have_value("maria@example.test")
    page.fill("#id_name", "Rosa Mota")
    page.locator("main form p.actions > button.button").last.click()
    page.wait_for_url("**/review/")
    expect(page.locator("address").first).to_contain_text("Rosa Mota")
    assert not Order.objects.exists()
    to_stripe(page)
    page.go_back()
    page.wait_for_url("**/review/**")
    to_stripe(page)
    assert (Order.objects.count(), open_sessions(live_shop)) == (1, 1)
    enter_card(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    assert paid(wait_until).name == "Rosa Mota"
    page.go_back()
    page.go_back()
    page.goto("/review/")
    page.wait_for_url(f"{settings.SITE_URL}/")
    expect(page.locator(".notices").first).to_contain_text(in_words(language, "Choose at least one print first."))
    assert (Order.objects.count(), PaymentAttempt.objects.count()) == (1, 1)


def test_edited_in_one_tab_the_old_sum_cannot_be_paid_in_the_other(
    shop_page: Opened, live_shop: LiveShop, wait_until: Wait
) -> None:
    """C6: the open page at Stripe closes within seconds; the new sum is paid, once."""
    paying = shop_page("desktop", "en")
    about_to_pay(paying, wait_until, "en")
    to_stripe(paying)
    editing = paying.context.new_page()
    editing.goto("/")
    editing.locator("[data-photo] [data-field=quantity]").fill("5")
    wait_until(lambda: open_sessions(live_shop) == 0, what="the old page to close")
    enter_card(paying)
    expect(paying.locator("body")).not_to_contain_text("Pay by card")
    wait_until(Order.objects.filter(state="expired", total_cents=70).exists, what="the old order to expire")
    assert not Order.objects.filter(paid_at__isnull=False).exists()
    editing.locator("button[name=next]").click()
    editing.goto("/review/")
    pay(editing)
    editing.wait_for_url(re.compile("/orders/PO-"))
    order = paid(wait_until)
    assert (order.prints, order.total_cents) == (5, 175)


def test_paid_in_one_tab_the_order_cannot_be_changed_in_the_others(
    shop_page: Opened, live_shop: LiveShop, wait_until: Wait
) -> None:
    """C66, S8: prints edited, or paid for again, in tabs that were open before."""
    language = "pt"
    page = shop_page("phone", language)
    carry(page, prepared(wait_until, language=language))
    editing, again = page.context.new_page(), page.context.new_page()
    editing.goto("/")
    again.goto("/review/")
    again.check("[name=accept_terms]")
    page.goto("/review/")
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    paid(wait_until)
    with editing.expect_response("**/items/") as answer:
        editing.locator("[data-photo] [data-field=quantity]").fill("9")
    assert answer.value.status in (400, 409)
    expect(editing.locator("[data-photo] [data-errors]")).not_to_be_empty()
    again.locator("form.pay button").click()
    again.wait_for_url(f"{settings.SITE_URL}/")
    expect(again.locator(".notices").first).to_contain_text(in_words(language, "Choose at least one print first."))
    order = Order.objects.get()
    assert (order.prints, order.items.get().quantity, PaymentAttempt.objects.count()) == (2, 2, 1)


def test_a_double_click_on_pay_opens_one_payment(visitor: Visitor, live_shop: LiveShop, wait_until: Wait) -> None:
    """C5: also without the script that holds the second click back."""
    page = visitor.page
    about_to_pay(page, wait_until, visitor.language)
    page.check("[name=accept_terms]")
    page.locator("form.pay button").dblclick()
    page.wait_for_url(AT_STRIPE)
    assert (Order.objects.count(), PaymentAttempt.objects.count(), open_sessions(live_shop)) == (1, 1, 1)
    enter_card(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    assert paid(wait_until).total_cents == 70


def test_prints_chosen_in_two_tabs_do_not_undo_each_other(shop_page: Opened, photos: list[Path]) -> None:
    """U5: the page that was open before shows what was added and chosen in the other, and then saves all of it."""
    first = shop_page("desktop", "en")
    first.goto("/")
    first.set_input_files("#file", photos[:1])
    expect(first.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    first.locator("[data-total-bar]:not(.is-stale)").wait_for()
    second = first.context.new_page()
    second.goto("/")
    second.set_input_files("#file", photos[1:2])
    expect(second.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    quantities = first.locator("[data-photo] [data-field=quantity]")
    expect(quantities).to_have_count(2)
    second.locator("[data-photo] [data-field=quantity]").nth(1).fill("6")
    expect(quantities.nth(1)).to_have_value("6")
    first.locator("[data-photo] [data-field=product]").first.select_option("13x18")
    expect(second.locator("[data-photo] [data-field=product]").first).to_have_value("13x18")
    items = first.request.get("/api/v1/drafts/current/").json()["items"]
    assert [(item["product"], item["quantity"]) for item in items] == [("13x18", 1), ("10x15", 6)]
