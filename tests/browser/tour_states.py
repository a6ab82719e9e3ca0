"""`make screenshots`, second half: what a customer meets beside the straight way, and the owner's rarer pages."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page, expect

from accounts import services as accounts
from backoffice.demo import pictures
from orders import links
from orders.models import Coupon, LegalDocument, ShopSettings
from payments.models import LinkPayment, PaymentLink
from tests.browser.orders import order_in
from tests.browser.test_delivery import MISSPELT, SINTRA
from tests.browser.test_desk import signed_in
from tests.browser.test_interruptions import SLOW
from tests.browser.test_looks import WAITING, answer, as_answered
from tests.browser.test_purchase import fill_delivery, upload
from tests.browser.tour import drawn, keep  # noqa: F401 - the fixture
from tests.browser.uploading import PHOTOS_URL, heavy, padded
from tests.browser.visits import bought, carry, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

Shop = Callable[..., Page]
Wait = Callable[..., Any]
VIEWS = [("phone", "pt", False), ("desktop", "en", False)]
HALF_WAY = """() => document.querySelector("[data-upload-left]").textContent.includes("MB/s")
  && [...document.querySelectorAll("[data-upload] progress")].some((bar) => bar.value > 0.5)"""
views = pytest.mark.parametrize(("size", "language", "dark"), VIEWS)


def end(size: str, language: str, dark: bool) -> str:
    return f"-{size}-{language}{'-dark' if dark else ''}"


def sunset() -> bytes:
    return pictures.draw("Pôr do sol no Guincho")[0]


@views
def test_uploading(shop_page: Shop, drawn: list[Path], tmp_path: Path, size: str, language: str, dark: bool) -> None:  # noqa: F811
    """Going up, offline, refused, the same photo twice, and the question about a large one."""
    tail = end(size, language, dark)
    page = shop_page(size, language, dark=dark)
    page.goto("/")
    files = [drawn[0], *(tmp_path / path.name for path in drawn[1:4])]
    for path, file in zip(drawn[1:4], files[1:], strict=True):
        file.write_bytes(padded(path.read_bytes(), 4_000_000))
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", SLOW)
    page.set_input_files("#file", files)
    expect(page.locator("[data-photo]")).to_have_count(1)
    page.wait_for_function(HALF_WAY)
    keep(page, f"2-uploading{tail}", idle=False)
    network.send("Network.emulateNetworkConditions", SLOW | {"uploadThroughput": -1})
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(4)
    copy, text = tmp_path / "cópia do azulejo.jpg", tmp_path / "lista de compras.jpg"
    copy.write_bytes(files[3].read_bytes())
    text.write_text("ovos, leite")
    page.set_input_files("#file", [copy, text])
    expect(page.locator("[data-twice]")).to_contain_text(copy.name)
    expect(page.locator(".is-refused")).to_contain_text(text.name)
    keep(page, f"2-refused-and-twice{tail}", whole=False)
    page.context.set_offline(True)
    page.set_input_files("#file", drawn[4:5])
    expect(page.locator("[data-upload]").first).to_be_visible()
    page.wait_for_timeout(1000)
    keep(page, f"2-offline{tail}", whole=False, idle=False)
    page.context.set_offline(False)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(5)
    page.set_input_files("#file", heavy(tmp_path / "panorâmica.jpg", 6600, 800, 21_200_000))
    expect(page.locator("[data-big]")).to_be_visible()
    keep(page, f"2-smaller{tail}", whole=False)


@views
def test_photos_to_choose_again(shop_page: Shop, drawn: list[Path], size: str, language: str, dark: bool) -> None:  # noqa: F811
    """A browser that keeps no files, loaded again in the middle of an upload."""
    page = shop_page(size, language, dark=dark)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    upload(page, drawn[:1])
    page.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", drawn[1:3])
    expect(page.locator("[data-upload]")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-unsent]")).to_be_visible()
    keep(page, f"2-choose-again{end(size, language, dark)}", whole=False)


@pytest.mark.parametrize(
    ("size", "language", "dark", "javascript"),
    [("phone", "pt", False, True), ("desktop", "en", False, True), ("phone", "pt", True, False), ("narrow", "pt", False, True)],
)  # fmt: skip
def test_choosing(
    shop_page: Shop,
    drawn: list[Path],  # noqa: F811
    size: str,
    language: str,
    dark: bool,
    javascript: bool,
) -> None:
    """A photo in several sizes; without JavaScript; on the narrowest screen."""
    page = shop_page(size, language, dark=dark, javascript=javascript)
    upload(page, drawn[:2])
    page.locator("[data-add-row], [name=add_row]").first.click()
    expect(page.locator("[data-photo]").first.locator("[data-print]")).to_have_count(2)
    page.locator("[data-photo]").first.locator("[data-field=product]").nth(1).select_option("20x30")
    if javascript:
        page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    else:  # the sum is of what has been saved
        page.locator("[data-total-bar] [name=save]:visible").click()
        expect(page.locator("[data-photo]").first.locator("[data-field=product]").nth(1)).to_have_value("20x30")
    keep(page, f"2-several-sizes{end(size, language, dark)}{'' if javascript else '-without-javascript'}")


@views
def test_addresses(shop_page: Shop, wait_until: Wait, size: str, language: str, dark: bool) -> None:
    """The town proposed, candidates, pickup, and an address that the customer insists on."""
    tail = end(size, language, dark)
    page = shop_page(size, language, dark=dark)
    carry(page, prepared(wait_until, language=language, picture=sunset()))
    page.goto("/delivery/")
    page.locator(".option", has=page.locator("[value=pickup]")).click()
    keep(page, f"4-delivery-pickup{tail}")
    page.locator(".option", has=page.locator("[value=post]")).click()
    page.locator("#id_postal_code").press_sequentially("1100-053")
    expect(page.locator("#id_city")).to_have_value("Lisboa")
    keep(page, f"4-delivery-town{tail}")
    fill_delivery(page, **SINTRA)
    expect(page.locator("[name=candidate]")).to_have_count(3)
    keep(page, f"4-delivery-candidates{tail}")
    fill_delivery(page, **MISSPELT)
    page.locator("[name=keep]").click()
    page.wait_for_url("**/review/")
    keep(page, f"5-review-flagged{tail}")


@views
def test_sums(shop_page: Shop, wait_until: Wait, size: str, language: str, dark: bool) -> None:
    """A code, what is lacking for free delivery and for the smallest order, and a payment that was cancelled."""
    tail = end(size, language, dark)
    Coupon.objects.create(code="VERAO10", kind="percent", percent=10)
    page = shop_page(size, language, dark=dark)
    carry(page, prepared(wait_until, language=language, picture=sunset()))
    page.goto("/review/?cancelled=1")
    keep(page, f"5-review-cancelled{tail}")
    page.goto("/review/")
    page.fill("#coupon-code", "VERAO10")
    page.locator("#coupon-code").press("Enter")
    expect(page.locator(".totals", has_text="VERAO10")).to_have_count(1)
    keep(page, f"5-review-code{tail}")
    ShopSettings.objects.update(minimum_order_cents=500, free_shipping_from_cents=2500)
    page.wait_for_timeout(6000)  # pages show the settings of a few seconds ago
    page.goto("/review/")
    keep(page, f"5-review-minimum{tail}")
    page.goto("/")
    keep(page, f"2-choose-minimum{tail}", whole=False)


def test_an_order_again(shop_page: Shop, live_shop: Any, wait_until: Wait) -> None:
    """An order whose photos are kept, with the button that orders it again; its page on the narrowest screen."""
    order = bought(live_shop, wait_until, picture=sunset())
    for size, dark in (("phone", False), ("desktop", True), ("narrow", False)):
        page = shop_page(size, "pt", dark=dark)
        page.goto(links.order_path(order))
        keep(page, f"order-again{end(size, 'pt', dark)}")


def test_waiting_and_older_pages(shop_page: Shop) -> None:
    page = shop_page("phone", "pt")
    LegalDocument.objects.create(kind="withdrawal", version="3", body_pt="## Nova versão", body_en="## New version")
    page.goto("/legal/withdrawal/2/")
    keep(page, "legal-older-phone-pt")
    for template, context in WAITING.items():
        for size, language, dark in (("phone", "pt", False), ("desktop", "en", True)):
            page = shop_page(size, language, dark=dark)
            html = as_answered(template, language, **context())
            page.route("**/oops/", functools.partial(answer, html))
            page.goto("/oops/")
            keep(page, f"wait-{Path(template).stem}{end(size, language, dark)}")


def test_rarer_pages_of_the_owner(shop_page: Shop) -> None:
    owner = accounts.ensure_owner("dona@example.test", None)[0]
    token = f"{urlsafe_base64_encode(force_bytes(owner.pk))}/{default_token_generator.make_token(owner)}"
    page = shop_page("phone", "pt")
    for name, path in (("reset", "/admin/password_reset/"), ("reset-choose", f"/admin/reset/{token}/")):
        page.goto(path)
        keep(page, f"admin-{name}-phone")
    link = PaymentLink.objects.create(description="Álbum de casamento, 30 × 30 cm, 40 páginas", amount_cents=18_500)
    paid = LinkPayment.objects.create(
        link=link,
        state="confirmed",
        amount_cents=18_500,
        received_cents=18_500,
        session_id="cs_test_1",
        intent_id="pi_test_1",
        confirmed_at=timezone.now(),
        expires_at=timezone.now(),
    )
    page = signed_in(shop_page("wide", "pt"), owner)
    page.goto(f"/admin/payments/linkpayment/{paid.pk}/change/")
    keep(page, "admin-link-refund")
    order = order_in("shipped", language="en")
    for form in ("html", "text"):
        page.goto(f"/admin/orders/order/{order.pk}/emails/shipped/?language=en&form={form}")
        keep(page, f"admin-email-preview-{form}")
    assert re.search("/emails/shipped/", page.url)
