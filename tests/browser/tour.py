"""`make screenshots`: every page, state and email as pictures in docs/screenshots/. Asked for by name only.

Whole pages, as WebP, so that the repository stays small. What they show is drawn by backoffice/demo/pictures.py.
"""

import functools
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, Route, expect

from accounts.models import User
from backoffice.demo import pictures
from backoffice.demo.past_orders import install_orders
from backoffice.demo.people import OWNER, install_people
from orders import emails, links
from orders.models import Order, Question
from payments.models import PaymentLink
from tests.browser.conftest import studio
from tests.browser.orders import STATES, order_in
from tests.browser.test_email_looks import FOLDER as MAIL_PICTURES
from tests.browser.test_email_looks import ORDERS, shown
from tests.browser.test_looks import ERRORS, error_page
from tests.browser.test_payment_element import at_the_review, fill_card, to_the_element
from tests.browser.test_purchase import LISBON, fill_delivery, pay, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
MOST_BYTES = 250_000
ENGLISH = ("awaiting", "ready_pickup", "shipped", "replace_photo", "refunded")  # mails that are kept in English too
TALLEST = 7000  # px: longer pages are cut off
# A picture of a whole page is no screen: nothing may stick to an edge of it, and cards out of sight are drawn too.
WHOLE = """() => {
  scrollTo(0, 0);
  for (const node of document.querySelectorAll("body *")) {
    if (getComputedStyle(node).position === "sticky") node.style.setProperty("position", "static", "important");
  }
  for (const card of document.querySelectorAll(".photo")) card.style.setProperty("content-visibility", "visible");
}"""
# What PAYMENT_PAGE=elements does for a whole shop.
ELEMENT = """form => form.insertAdjacentHTML("beforeend", '<input type="hidden" name="method" value="elements">')"""
Shop = Callable[..., Page]


def keep(page: Page, name: str, *, whole: bool = True, idle: bool = True) -> None:
    """`idle=False`: something is still under way, and is what the picture shows."""
    if idle:
        page.wait_for_load_state("networkidle")
    seen = page.viewport_size
    assert seen is not None
    if whole:
        page.locator("html").evaluate(WHOLE)
        # A taller screen, not Playwright's picture of a whole page: while taking that, Chromium has a mouse even where the
        # phone has none, and the page says so.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": seen["width"], "height": max(seen["height"], min(height, TALLEST))})
        page.wait_for_timeout(300)  # pictures that came into being are decoded
    save(page.screenshot(scale="css"), name)
    page.set_viewport_size(seen)


def save(png: bytes, name: str) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    file = FOLDER / f"{name}.webp"
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, quality=74, method=6)
    assert file.stat().st_size < MOST_BYTES, name


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The demo's pictures as files."""
    folder = tmp_path_factory.mktemp("drawn")
    names = ["Pôr do sol no Guincho", "Avó Lurdes", "Casamento Inês e Rui", "Azulejo", "Serra da Estrela"]
    for name in names:
        (folder / f"{name}.jpg").write_bytes(pictures.draw(name)[0])
    Image.open(folder / "Azulejo.jpg").resize((300, 300)).save(folder / "antiga.jpg")
    return [*(folder / f"{name}.jpg" for name in names), folder / "antiga.jpg"]


@pytest.mark.parametrize(
    ("size", "language", "dark"),
    [("phone", "pt", False), ("phone", "en", True), ("desktop", "en", False), ("desktop", "pt", True)],
)
def test_the_customers_way(
    shop_page: Shop, drawn: list[Path], wait_until: Callable[..., Any], size: str, language: str, dark: bool
) -> None:
    end = f"-{size}-{language}{'-dark' if dark else ''}"
    page = shop_page(size, language, dark=dark)
    page.goto("/")
    keep(page, f"1-start-top{end}", whole=False)
    keep(page, f"1-start{end}")
    upload(page, drawn)
    first = page.locator("[data-photo]").first
    first.locator("[data-field=product]").select_option("20x30")
    page.locator("[data-photo]").nth(1).locator("label", has=page.locator("[value=border]")).first.click()
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.locator("[data-photos]").evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 16)")
    keep(page, f"2-choose{end}", whole=False)
    keep(page, f"2-choose-all{end}")
    page.locator("[data-photo]").nth(3).locator("[data-adjust]").first.click()
    keep(page, f"3-crop{end}", whole=False)
    page.locator(".cropper [value=cancel]").click()
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    fill_delivery(page, name="Ana Sá")
    keep(page, f"4-delivery-errors{end}")
    fill_delivery(page, **LISBON | {"street": "Rua Augsuta 100"})
    expect(page.locator("#address-problem")).to_be_visible()
    keep(page, f"4-delivery-suggestion{end}")
    fill_delivery(page, **LISBON)
    page.wait_for_url("**/review/")
    keep(page, f"5-review{end}")
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    wait_until(lambda: Order.objects.get().state == Order.State.PAID, what="the order to be paid")
    page.reload()
    keep(page, f"6-order{end}")


def test_paying_on_the_shops_own_page(shop_page: Shop, drawn: list[Path]) -> None:
    for size, language in (("phone", "pt"), ("desktop", "en")):
        page = shop_page(size, language)
        at_the_review(page, drawn)
        page.locator("form.pay").evaluate(ELEMENT)
        to_the_element(page)
        expect(page.locator("[data-pay-form] button")).to_be_enabled()
        fill_card(page.frame_locator("[data-element] iframe"), page, "4000000000000002")
        expect(page.locator("[data-said]")).to_be_visible()
        keep(page, f"5-pay-declined-{size}-{language}")


def test_an_order_in_every_state(shop_page: Shop) -> None:
    orders = {name: order_in(name) for name in STATES}
    phone, desktop, dark = shop_page("phone", "pt"), shop_page("desktop", "en"), shop_page("desktop", "pt", dark=True)
    for name, order in orders.items():
        phone.goto(links.order_path(order))
        keep(phone, f"order-{name}-phone-pt")
    for name in ("awaiting", "review", "disputed", "replace-photo", "shipped", "cancelled"):
        desktop.goto(links.order_path(order_in(name, language="en")))
        keep(desktop, f"order-{name}-desktop-en")
    dark.goto(links.order_path(orders["shipped"]))
    keep(dark, "order-shipped-desktop-pt-dark")
    phone.goto(links.order_path(orders["paid"]).replace("/?", "/cancel/?"))
    keep(phone, "order-cancel-phone-pt")
    desktop.emulate_media(media="print")
    desktop.goto(links.order_path(order_in("shipped", language="en")))
    desktop.set_viewport_size({"width": 680, "height": 960})
    height = desktop.evaluate("document.documentElement.scrollHeight")  # the seller's lines at the foot are seen whole
    desktop.set_viewport_size({"width": 680, "height": max(960, height)})
    paper = io.BytesIO()
    with Image.open(io.BytesIO(desktop.screenshot())) as printed:
        ImageOps.expand(printed.convert("RGB"), 56, "white").save(paper, "PNG")
    save(paper.getvalue(), "order-printed")


def test_other_pages(shop_page: Shop) -> None:
    phone, desktop = shop_page("phone", "pt"), shop_page("desktop", "en", dark=True)
    link = PaymentLink.objects.create(description="Álbum de casamento, 30 × 30 cm, 40 páginas", amount_cents=18500)
    closed = PaymentLink.objects.create(description="Sessão de família", amount_cents=9000, closed_at=timezone.now())
    for name, path in (
        ("legal-terms", "/legal/terms/"),
        ("legal-privacy", "/legal/privacy/"),
        ("legal-withdrawal", "/legal/withdrawal/"),
        ("pay-link", f"/pay/{link.token}/"),
        ("pay-link-closed", f"/pay/{closed.token}/"),
        ("pay-unknown", "/checkout/return/?session_id=cs_test_nobody"),
    ):
        for page, end in ((phone, "phone-pt"), (desktop, "desktop-en-dark")):
            page.goto(path)
            keep(page, f"{name}-{end}")
    for code in ERRORS:
        for page, language, end in ((phone, "pt", "phone-pt"), (desktop, "en", "desktop-en-dark")):
            page.route("**/oops/", functools.partial(_answer, error_page(code, language)))
            page.goto("/oops/")
            if code in ("404", "503") or page is desktop:
                keep(page, f"error-{code}-{end}")


def _answer(html: str, route: Route) -> None:
    route.fulfill(body=html, content_type="text/html; charset=utf-8")


@pytest.fixture
def mail_page(browser: Browser) -> Iterator[Page]:
    studio()
    page = browser.new_page()
    yield page
    page.close()


def test_emails(mail_page: Page) -> None:
    for number, (kind, state) in enumerate(ORDERS.items()):
        for language in ("pt", "en"):
            if language == "en" and kind not in ENGLISH:
                continue
            order = order_in(state, language=language)
            mail = emails.customer_mail(order, kind.replace("ready_pickup", "ready"), "<a@b.example>", to="a@b.example")
            shown(mail_page, mail, kind)
            _keep_mail(kind, f"email-{kind}-{language}", wide=language == "en" or number % 4 == 0)
    paid = order_in("paid")
    asked = Question.objects.create(order=paid, text="Chega até sexta-feira?\nÉ para um aniversário.")
    for kind, mail in {
        "owner": emails.owner_mail(paid, "<a@b.example>"),
        "alarm": emails.alarm_mail(paid, "<a@b.example>"),
        "question": emails.question_mail(asked, "<a@b.example>"),
    }.items():
        shown(mail_page, mail, kind)
        _keep_mail(kind, f"email-{kind}-pt", wide=True)


def _keep_mail(kind: str, name: str, *, wide: bool) -> None:
    save((MAIL_PICTURES / f"{kind}-360.png").read_bytes(), f"{name}-narrow")
    if wide:
        save((MAIL_PICTURES / f"{kind}-1000.png").read_bytes(), f"{name}-wide")


def test_the_owners_desk(shop_page: Shop, live_shop: Any) -> None:
    light, dark, phone = shop_page("wide", "pt"), shop_page("wide", "pt", dark=True), shop_page("phone", "pt")
    light.goto("/admin/login/")
    keep(light, "admin-login")
    install_people("a-long-demo-password")
    install_orders()
    client = Client()
    client.force_login(User.objects.get(email=OWNER))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "domain": "127.0.0.1", "path": "/"}
    for page in (light, dark, phone):
        page.context.add_cookies([cookie])  # type: ignore[list-item]
    order = Order.objects.get(tracking="RT482915637PT")
    flagged = Order.objects.get(address_flagged=True)
    light.set_viewport_size({"width": 1720, "height": 1000})  # the list of orders is a wide table
    for name, path in (
        ("desk", "/admin/"),
        ("orders", "/admin/orders/order/"),
        ("order", f"/admin/orders/order/{order.pk}/change/"),
        ("order-to-print", f"/admin/orders/order/{flagged.pk}/change/"),
        ("products", "/admin/orders/product/"),
        ("settings", "/admin/orders/shopsettings/1/change/"),
    ):
        answer = light.goto(path)
        assert answer is not None
        assert answer.ok, f"{path}\n{live_shop.web.tail()}"
        keep(light, f"admin-{name}")
    for page, end in ((dark, "dark"), (phone, "phone")):
        page.goto(f"/admin/orders/order/{order.pk}/change/")
        keep(page, f"admin-order-{end}")
        page.goto("/admin/orders/order/")
        keep(page, f"admin-orders-{end}")


def test_the_list_of_pictures_is_written() -> None:
    """docs/screenshots/README.md: the pictures by what they show, three in a row."""
    write_list(FOLDER)


def write_list(folder: Path) -> None:
    groups = {"The customer's way": "[1-6]", "An order in each state": "order-", "Emails": "email-"}
    groups |= {"The owner's desk": "admin-", "Other pages": "(legal|pay|error|wait)-"}
    lines = ["# Pictures", "", "Taken by `make screenshots`; what they show is drawn, and nobody's own."]
    for title, start in groups.items():
        found = [file.stem for file in sorted(folder.glob("*.webp")) if re.match(start, file.stem)]
        lines += ["", f"## {title}", "", "| | | |", "|---|---|---|"]
        for first in range(0, len(found), 3):
            row = found[first : first + 3]
            lines.append("| " + " | ".join(f"![{name}]({name}.webp)<br>{name}" for name in row) + " |")
    (folder / "README.md").write_text("\n".join(lines) + "\n")
