"""What customers do on the page of their order, and with a code before it: on both sizes, in both languages, with plain forms."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from local.fixtures import LiveShop
from orders import fulfilment, links, services
from orders.models import Coupon, Order, Question
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, paid_order
from payments import link_payments
from payments.models import LinkPayment, Refund
from tests.browser.test_purchase import pay
from tests.browser.visits import (
    ON_PHONE_AND_DESKTOP,
    Visitor,
    about_to_pay,
    at_stripe,
    bought,
    enter_card,
    in_words,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

Opened = Callable[..., Page]
Looks = Callable[[Page, str], None]
REASON = "A fotografia está muito desfocada neste tamanho."


def test_a_paid_order_is_cancelled_and_the_money_goes_back(
    visitor: Visitor,
    looks_right: Looks,
    live_shop: LiveShop,
    wait_until: Callable[..., Any],
) -> None:
    page, language = visitor.page, visitor.language
    order = bought(live_shop, wait_until, language=language)
    page.goto(links.order_path(order))
    cancel = page.get_by_role("link", name=in_words(language, "Cancel the order"))
    cancel.click()
    looks_right(page, "asked")
    page.get_by_role("link", name=in_words(language, "No, keep it")).click()
    assert Order.objects.get().state == "paid"
    cancel.click()
    page.get_by_role("button", name=in_words(language, "Yes, cancel it")).click()
    expect(page.locator("h1")).to_have_text(in_words(language, "This order was cancelled"))
    expect(cancel).to_have_count(0)
    looks_right(page, "cancelled")
    refunded = Order.objects.filter(state="cancelled", payment_state="refunded")
    wait_until(refunded.exists, what="the refund")
    assert [refund.amount_cents for refund in Refund.objects.all()] == [order.total_cents]
    assert [refund["amount"] for refund in at_stripe(live_shop, "refund")] == [order.total_cents]


def test_one_click_brings_an_order_back_into_a_new_draft(
    visitor: Visitor,
    looks_right: Looks,
    live_shop: LiveShop,
    wait_until: Callable[..., Any],
) -> None:
    page, language = visitor.page, visitor.language
    order = bought(live_shop, wait_until, language=language)
    page.goto(links.order_path(order))
    page.get_by_role("button", name=in_words(language, "Order these prints again")).click()
    page.wait_for_url(f"{settings.SITE_URL}/")
    said = in_words(language, "Your photos and prints are here, at today's prices. Change what you like.")
    expect(page.locator(".notices").first).to_contain_text(said)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    expect(page.locator("[data-photo] [data-field=quantity]")).to_have_value("2")
    looks_right(page, "again")
    draft = page.request.get("/api/v1/drafts/current/").json()
    assert [photo["sha256"] for photo in draft["photos"]] == [order.photos.get().sha256]
    assert [(row["product"], row["quantity"]) for row in draft["items"]] == [("10x15", 2)]
    assert Order.objects.count() == 1


def test_a_code_is_refused_taken_removed_and_paid_with(
    visitor: Visitor,
    looks_right: Looks,
    wait_until: Callable[..., Any],
) -> None:
    Coupon.objects.create(code="VERAO10", kind="percent", percent=10)
    page, language = visitor.page, visitor.language
    about_to_pay(page, wait_until, language)
    off = page.locator(".totals", has_text="VERAO10")

    def enter(code: str) -> None:
        page.fill("#coupon-code", code)
        page.get_by_role("button", name=in_words(language, "Apply")).click()

    enter("NADA")
    unknown = in_words(language, "We do not know this code. Please check how it is written.")
    expect(page.locator("#error-code")).to_have_text(unknown)
    expect(page.locator("#error-code")).to_be_in_viewport()
    expect(page.locator("#coupon-code")).to_have_value("NADA")
    expect(page.locator(".notices")).to_be_hidden()
    expect(off).to_have_count(0)
    looks_right(page, "refused")
    enter("verao10")
    expect(off).to_have_count(1)
    expect(page.locator("#coupon")).to_contain_text(in_words(language, "The code is applied."))
    looks_right(page, "taken")
    page.get_by_role("button", name=re.compile("VERAO10")).click()
    expect(page.locator("#coupon")).to_contain_text(in_words(language, "The code is removed."))
    expect(page.locator("#coupon")).to_be_in_viewport()
    expect(off).to_have_count(0)
    enter(" Verao10 ")
    expect(off).to_have_count(1)
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    wait_until(Order.objects.filter(state="paid").exists, what="the order to be paid")
    order = Order.objects.get()
    assert (order.coupon_code, order.discount_cents, order.total_cents) == ("VERAO10", 7, 63)
    expect(off).to_have_count(1)


def test_a_question_reaches_the_studio_and_a_fourth_is_asked_to_wait(
    visitor: Visitor,
    looks_right: Looks,
    live_shop: LiveShop,
) -> None:
    page, language = visitor.page, visitor.language
    order = OrderFactory(paid=True, language=language)
    page.goto(links.order_path(order))
    for number in range(4):
        page.fill("#ask-text", f"Pergunta {number}?")
        page.get_by_role("button", name=in_words(language, "Send"), exact=True).click()
        answer = (
            "Thank you. The studio answers by email."
            if number < 3
            else "The studio has your messages. Please give it an hour before you write again."
        )
        expect(page.locator(".notices")).to_contain_text(in_words(language, answer))
    looks_right(page, "wait")
    asked = ["Pergunta 0?", "Pergunta 1?", "Pergunta 2?"]
    assert list(Question.objects.order_by("pk").values_list("text", flat=True)) == asked
    mails = live_shop.mailbox.wait_for(3, to=settings.OWNER_EMAIL)
    assert {mail["Reply-To"] for mail in mails} == {order.email}


@pytest.mark.parametrize(
    ("asked", "size", "language", "javascript"),
    [
        ("missing", "phone", "pt", False),
        ("replace", "desktop", "en", True),
    ],
)
def test_a_photo_is_sent_again_and_printed(
    shop_page: Opened,
    looks_right: Looks,
    live_shop: LiveShop,
    wait_until: Callable[..., Any],
    tmp_path: Path,
    asked: str,
    size: str,
    language: str,
    javascript: bool,
) -> None:
    """Missing, or because the owner wants another: what is no photo is refused in words, the right one goes to S3 (U2, U7)."""
    order = paid_order([jpeg(seed=1), jpeg(seed=2)], language=language)
    if asked == "missing":
        services.need_photos(order, [order.photos.get(seq=2).photo_id])
    else:
        fulfilment.store(order.pk)
        services.ask_for_photo(order, 2, REASON)
    page = shop_page(size, language, javascript=javascript)
    page.goto(links.order_path(order))
    expect(page.locator("li.missing")).to_have_count(1)
    expect(page.locator("#why-2")).to_have_count(0 if asked == "missing" else 1)
    looks_right(page, "asked")
    letter, photo = tmp_path / "carta.jpg", tmp_path / "nova.jpg"
    letter.write_text("não sou uma fotografia")
    photo.write_bytes(jpeg(1500, 1000, seed=9))

    def send(file: Path) -> None:
        page.set_input_files("#again-2", file)
        words = "Upload again" if asked == "missing" else "Send this photo"
        page.get_by_role("button", name=in_words(language, words)).click()

    send(letter)
    refusal = in_words(language, "“%(name)s” is not a picture. Please upload JPEG, PNG, WebP, HEIC or TIFF.")
    said = page.locator("[data-again-state]" if javascript else ".notices")
    expect(said).to_contain_text(refusal % {"name": "carta.jpg"})
    assert Order.objects.get().state == "needs_photos"
    send(photo)
    arrived = in_words(language, "Thank you, photo %(seq)s has arrived.") % {"seq": 2}
    expect(page.locator("[data-again-said]" if javascript else ".notices")).to_contain_text(arrived)
    expect(page.locator("li.missing")).to_have_count(0)
    looks_right(page, "arrived")
    stored = Order.objects.filter(state="paid", stored_at__isnull=False)
    wait_until(stored.exists, seconds=60, what="the photo to be stored")
    row = order.photos.get(seq=2)
    assert (row.filename, row.replace_reason, row.missing_since) == ("nova.jpg", "", None)
    assert live_shop.bucket.read(row.storage_key) == photo.read_bytes()
    assert row.items.get().print_key in live_shop.bucket.keys("orders/")


@ON_PHONE_AND_DESKTOP
def test_missing_photos_go_up_in_one_go_and_find_their_places(
    shop_page: Opened, looks_right: Looks, tmp_path: Path, size: str, language: str
) -> None:
    """C49, U5: by their names, in whatever order they were picked; a cut connection is tried again by itself, and a file
    of another name is nobody's until the customer says whose."""
    names = ["um.jpg", "dois.jpg", "três.jpg"]
    order = paid_order([jpeg(seed=seed) for seed in (1, 2, 3)], filenames=names, language=language)
    services.need_photos(order, list(order.photos.values_list("photo_id", flat=True)))
    files = {name: tmp_path / name for name in ("Dois.JPG", "um.jpg", "IMG_0007.jpg")}
    for seed, file in enumerate(files.values(), start=7):
        file.write_bytes(jpeg(1500, 1000, seed=seed))
    page = shop_page(size, language)
    tries: list[str] = []
    held: list[Route] = []

    def cut_once(route: Route) -> None:
        tries.append(route.request.url)
        if "/photos/1/" in route.request.url:
            held.append(route)  # else the page may begin anew while it is being looked at
        elif sum("/photos/2/" in url for url in tries) == 1:
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/api/v1/orders/.*/photos/"), cut_once)
    page.goto(links.order_path(order))
    page.set_input_files("#again-all", list(files.values()))
    left = page.locator("[data-again-left]")
    expect(left).to_contain_text("IMG_0007.jpg")
    expect(left).not_to_contain_text("um.jpg")
    looks_right(page, "on-their-way")
    held.pop().continue_()
    expect(page.locator("li.missing")).to_have_count(1)
    assert [url.split("/photos/")[1][0] for url in sorted(tries)] == ["1", "2", "2"]
    page.set_input_files("#again-3", files["IMG_0007.jpg"])
    page.get_by_role("button", name=in_words(language, "Upload again")).click()
    expect(page.locator("li.missing")).to_have_count(0)
    sent = [hashlib.sha256(files[name].read_bytes()).hexdigest() for name in ("um.jpg", "Dois.JPG", "IMG_0007.jpg")]
    assert list(order.photos.order_by("seq").values_list("sha256", flat=True)) == sent
    assert Order.objects.get().state == "paid"


def test_a_payment_link_is_paid(visitor: Visitor, looks_right: Looks, wait_until: Callable[..., Any]) -> None:
    link = link_payments.make(5000, "Sessão de retrato")
    page = visitor.page
    page.goto(f"/pay/{link.token}/")
    looks_right(page, "link")
    page.locator("form[data-once] button.button").click()
    page.fill("[name=email]", "ana@example.com")
    enter_card(page)
    page.wait_for_url(f"**/pay/{link.token}/")
    wait_until(LinkPayment.objects.filter(state="confirmed", received_cents=5000).exists, what="the payment")
    page.reload()
    expect(page.locator(".notice.good").last).to_contain_text(
        in_words(visitor.language, "This has been paid. Thank you.")
    )


def polls(address: str) -> bool:
    """Whether the page asks how its order stands; a picture's address has a version too."""
    return "&v=" in address and "/photos/" not in address


@ON_PHONE_AND_DESKTOP
def test_the_page_follows_its_order_by_itself(shop_page: Opened, size: str, language: str) -> None:
    """Without a reload: the heading, the parcel with its carrier's page, a word for screen readers; ever more slowly, and
    no more once the order is at its end."""
    order = OrderFactory(paid=True, language=language)
    page = shop_page(size, language)
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on time passes by run_for alone
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if polls(request.url) else None)
    page.goto(links.order_path(order))

    def passes(before: int, after: int) -> None:
        """Nothing is asked for `before` milliseconds; within `after` more it is, once."""
        known = len(asked)
        page.clock.run_for(before)
        assert len(asked) == known
        with page.expect_response(lambda response: polls(response.url)):
            page.clock.run_for(after)
        page.wait_for_timeout(200)
        page.clock.run_for(50)
        assert len(asked) == known + 1

    services.ship(order, "CTT", "RT482915637PT")
    passes(4_800, 300)
    on_their_way = in_words(language, "Your prints are on their way")
    expect(page.locator("h1")).to_have_text(on_their_way)
    expect(page.locator("#order-news")).to_have_text(on_their_way)
    expect(page.locator(".tracking a")).to_have_attribute("href", re.compile(r"^https://.*ctt.*RT482915637PT"))
    passes(5_700, 400)
    services.mark_delivered(order)
    passes(7_700, 400)
    expect(page.locator("h1")).to_have_text(in_words(language, "Your prints have arrived"))
    page.clock.run_for(600_000)
    page.wait_for_timeout(200)
    assert len(asked) == 3


@ON_PHONE_AND_DESKTOP
def test_a_page_left_open_stops_asking_and_can_look_again(shop_page: Opened, size: str, language: str) -> None:
    order = OrderFactory(paid=True, language=language)
    page = shop_page(size, language)
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on time passes by run_for alone
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if polls(request.url) else None)
    page.goto(f"{links.order_path(order)}&n=39")
    page.clock.run_for(59_000)
    assert asked == []
    with page.expect_response(lambda response: polls(response.url)):
        page.clock.run_for(2_000)
    again = page.get_by_role("link", name=in_words(language, "Look again"))
    expect(again).to_be_visible()
    page.clock.run_for(600_000)
    assert len(asked) == 1
    services.start_production(order)
    again.click()
    expect(page.locator("h1")).to_have_text(in_words(language, "Your prints are being made"))
