"""What the pages weigh, how still they stand, how they print, and how they look when something went wrong."""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.files.base import ContentFile
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Page, Route, expect

from accounts import services as accounts
from orders import links
from orders.models import LegalDocument, ShopSettings
from payments.models import LinkPayment, PaymentLink
from payments.problems import PaymentServiceUnavailable
from tests.browser.conftest import RUNS_OUT
from tests.browser.orders import LONG_NAME, STATES, order_in
from tests.browser.photos import landscape
from tests.browser.test_desk import signed_in, without_fault
from tests.browser.test_purchase import upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

FIRST_VIEW_BYTES = 150_000
SHIFT = 0.05  # of the cumulative layout shift; 0.1 is what browsers call good
ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]


def error_page(code: str, language: str) -> str:
    """As a visitor gets it from a process that has read the shop settings."""
    return as_answered(f"{code}.html", language, shop=ShopSettings.load())


def as_answered(template: str, language: str, **context: object) -> str:
    """A page that only an outage brings about."""
    with translation.override(language):
        return render_to_string(template, context, RequestFactory().get("/oops/"))


WAITING: dict[str, Callable[[], dict[str, object]]] = {
    "orders/reordering.html": lambda: {"number": "PO-7K2M-9QXW"},
    "payments/confirming.html": dict,
    "payments/unavailable.html": lambda: {"problem": PaymentServiceUnavailable(), "back": "/review/"},
}


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize(("size", "language", "dark"), [("narrow", "pt", False), ("desktop", "en", True)])
def test_an_error_page_says_what_to_do(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    code: str,
    size: str,
    language: str,
    dark: bool,
) -> None:
    """On the narrowest screen and a wide one; each has a heading, a way on, and axe-core's approval."""
    page = shop_page(size, language, dark=dark)
    html = error_page(code, language)
    page.route("**/oops/", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto("/oops/")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main a.button").first).to_be_visible()
    looks_right(page, code)


def test_the_first_view_is_light_and_stands_still(shop_page: Callable[..., Page], live_shop: Any) -> None:
    """Everything that a new visitor's phone fetches for `/`, its headers included, and how far things jump meanwhile."""
    page = shop_page("phone", "pt")
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]))  # fmt: skip
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 5
    assert sum(sizes) < FIRST_VIEW_BYTES
    assert page.evaluate("window.shift") < SHIFT


@pytest.mark.parametrize(("size", "dark"), [("narrow", True), ("tablet", False), ("wide", True)])
def test_the_prints_page_fits_every_screen(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    dark: bool,
) -> None:
    """320 px is also what a screen of 1280 shows at 400 % zoom, and 640 at 200 %."""
    page = shop_page(size, "pt", dark=dark)
    upload(page, photos[:3])
    looks_right(page, "prints")


@pytest.mark.parametrize("dark", [False, True])
def test_an_order_prints_dark_on_white(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], dark: bool
) -> None:
    """On paper there are no buttons, and the text is dark whatever the screen's colours are."""
    order = order_in("shipped", language="en")
    page = shop_page("desktop", "en", dark=dark)
    page.emulate_media(media="print")
    page.goto(links.order_path(order))
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".languages")).to_be_hidden()
    ink = page.locator("h1").evaluate("node => getComputedStyle(node).color")
    assert max(int(part) for part in ink.removeprefix("rgb(").removesuffix(")").split(",")) < 80
    looks_right(page, "printed")
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def test_an_order_reads_well_in_every_state(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None]
) -> None:
    """Each state that a customer can find an order in, with a long file name; by the studio's invoice sentence too."""
    orders = {name: order_in(name) for name in STATES}
    page, desktop = shop_page("phone", "pt"), shop_page("desktop", "en")
    for name, order in orders.items():
        page.goto(links.order_path(order))
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("main")).to_contain_text("O estúdio envia-lhe a fatura por email.")
        looks_right(page, name)
        desktop.goto(links.order_path(order))
        expect(desktop.locator("h1")).to_have_count(1)
        expect(desktop.locator("main")).to_contain_text("The studio sends you the invoice by email.")
        assert desktop.locator("html").evaluate(RUNS_OUT) == [], name


def test_the_pages_beside_the_way_read_well(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None]
) -> None:
    """Payment links, an unknown payment, "cancel this order?"."""
    link = PaymentLink.objects.create(description="Álbum de casamento, 30 × 30 cm, 40 páginas", amount_cents=18_500)
    closed = PaymentLink.objects.create(description="Sessão", amount_cents=9_000, closed_at=timezone.now())
    cancelling = links.order_path(order_in("paid")).replace("/?", "/cancel/?")
    page = shop_page("desktop", "en")
    for name, path in {
        "link": f"/pay/{link.token}/",
        "link-closed": f"/pay/{closed.token}/",
        "unknown": "/checkout/return/?session_id=cs_test_nobody",
        "cancel": cancelling,
        "terms": "/legal/terms/",
    }.items():
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        looks_right(page, name)


@pytest.mark.parametrize(("size", "language", "dark"), [("narrow", "pt", True), ("desktop", "en", False)])
def test_the_waiting_pages_read_well(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], size: str, language: str, dark: bool
) -> None:
    """While photos come back for a new order, while Stripe does not say whether a payment went through, and while it rests."""
    page = shop_page(size, language, dark=dark)
    for template, context in WAITING.items():
        html = as_answered(template, language, **context())
        page.route("**/oops/", functools.partial(answer, html))
        page.goto("/oops/")
        expect(page.locator("h1")).to_have_count(1)
        looks_right(page, Path(template).stem)
        page.unroute_all()


def answer(html: str, route: Route) -> None:
    route.fulfill(body=html, content_type="text/html; charset=utf-8")


def test_an_older_version_of_a_legal_text_reads_well(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None]
) -> None:
    page = shop_page("narrow", "pt")
    newer = "## Nova versão\n\nMudou tudo. Ver https://www.livroreclamacoes.pt/."
    LegalDocument.objects.create(kind="terms", version="3", body_pt=newer, body_en=newer)
    page.goto("/legal/terms/2/")
    expect(page.locator(".notice.warn")).to_contain_text("Esta é uma versão anterior")
    looks_right(page, "older")
    page.goto("/legal/terms/")
    expect(page.locator(".prose a[href='https://www.livroreclamacoes.pt/']")).to_have_count(1)
    looks_right(page, "newest")


@pytest.mark.parametrize(("size", "dark"), [("narrow", True), ("desktop", False)])
def test_a_studios_logo_stands_in_the_header_and_moves_nothing(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], live_shop: Any, size: str, dark: bool
) -> None:
    """Its room is there before it has arrived, so the page below stays where it is."""
    page = shop_page(size, "pt", dark=dark)
    picture = io.BytesIO()
    landscape(900, 240, 3).save(picture, "PNG")
    ShopSettings.load().logo.save("logo.png", ContentFile(picture.getvalue()))
    heights = []
    for answers in (False, True):
        page.unroute_all()
        if not answers:
            page.route("**/logo/", lambda route: None)  # never arrives
        page.goto("/legal/terms/", wait_until="domcontentloaded")
        heights.append(page.locator("h1").evaluate("node => node.getBoundingClientRect().top"))
    logo = page.get_by_role("img", name="Estúdio Margem")
    expect(logo).to_have_js_property("naturalWidth", 900)
    assert logo.evaluate("node => [node.clientWidth, node.clientHeight]") == [135, 36]
    heights.append(page.locator("h1").evaluate("node => node.getBoundingClientRect().top"))
    assert len(set(heights)) == 1
    looks_right(page, "logo")


@pytest.mark.parametrize(("size", "language", "dark"), [("phone", "pt", False), ("desktop", "en", True)])
def test_signing_in_and_choosing_a_new_password_read_well(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], size: str, language: str, dark: bool
) -> None:
    owner = accounts.ensure_owner("dona@example.test", None)[0]
    token = f"{urlsafe_base64_encode(force_bytes(owner.pk))}/{default_token_generator.make_token(owner)}"
    page = shop_page(size, language, dark=dark)
    for name, path in {
        "sign-in": "/admin/login/",
        "reset": "/admin/password_reset/",
        "sent": reverse("password_reset_done"),
        "choose": f"/admin/reset/{token}/",
        "used": "/admin/reset/MQ/set-password/",
        "done": reverse("password_reset_complete"),
    }.items():
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        looks_right(page, name)


@pytest.mark.parametrize(("size", "dark"), [("phone", True), ("desktop", False)])
def test_the_refund_of_a_payment_by_link_is_without_fault(
    shop_page: Callable[..., Page], size: str, dark: bool
) -> None:
    """The form is the shop's own, on a page of the admin's theme."""
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
    page = signed_in(shop_page(size, "pt", dark=dark), accounts.ensure_owner("dona@example.test", None)[0])
    without_fault(page, f"/admin/payments/linkpayment/{paid.pk}/change/", ".bo-card")


def test_the_way_of_an_order_fills_its_panel_and_file_names_are_whole(shop_page: Callable[..., Page]) -> None:
    """The line of steps ends where the panel does; on a phone a name of ordinary length is read to its end."""
    order = order_in("shipped", language="en")
    desktop, phone = shop_page("desktop", "en"), shop_page("phone", "en")
    desktop.goto(links.order_path(order))
    gap = desktop.locator(".timeline").evaluate(
        "list => list.getBoundingClientRect().right - list.lastElementChild.getBoundingClientRect().right"
    )
    assert abs(gap) < 2
    line = desktop.locator(".timeline li:last-child").evaluate("node => node.getBoundingClientRect().width")
    assert line < 220  # as wide as its words
    phone.goto(links.order_path(order))
    cut = (
        "all => all.filter((node) => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight + 1)"
    )
    names = phone.locator(".print-list .file")
    assert names.count() == 3
    assert names.evaluate_all(f"all => ({cut})(all).map((node) => node.innerText.slice(0, 20))") in (
        [],
        [LONG_NAME[:20]],
    )


@pytest.mark.parametrize("javascript", [True, False])
def test_choosing_a_photo_again_speaks_the_pages_language(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path], javascript: bool
) -> None:
    """U1: a browser in English would write "Choose File" on the Portuguese page. By keyboard too; natively without scripts."""
    page = shop_page("narrow", "pt", javascript=javascript)
    page.goto(links.order_path(order_in("replace-photo")))
    control, button = page.locator("#again-3"), page.locator("label.button[for=again-3]")
    if not javascript:
        expect(button).to_be_hidden()
        assert control.evaluate("node => node.clientWidth") > 100
        return
    expect(button).to_have_text("Escolher uma fotografia")
    assert control.evaluate("node => node.clientWidth") <= 1
    expect(page.locator("[data-chosen]")).to_have_text("Ainda sem fotografia")
    page.set_input_files("#again-3", photos[0])
    expect(page.locator("[data-chosen]")).to_have_text(photos[0].name)
    control.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert button.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    looks_right(page, "chosen")


def test_who_wants_no_motion_gets_none(shop_page: Callable[..., Page]) -> None:
    """The same button moves for those who did not ask."""
    page = shop_page("desktop", "en")
    page.goto("/")
    duration = "getComputedStyle(document.querySelector('.button')).transitionDuration"
    scrolling = "getComputedStyle(document.documentElement).scrollBehavior"
    still, rest = page.evaluate(duration), page.evaluate(scrolling)
    page.emulate_media(reduced_motion="no-preference")
    assert (still, rest) == ("0s", "auto")
    assert (page.evaluate(duration), page.evaluate(scrolling)) == ("0.15s, 0.15s", "smooth")
