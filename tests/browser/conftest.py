"""Chromium in the sizes that customers hold: a phone and a desktop, with and without JavaScript."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from orders.models import ShopSettings
from tests.browser.photos import album
from tests.browser.visits import Visitor

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
SIZES = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1280, "height": 900},
    "narrow": {"width": 320, "height": 640},
    "tablet": {"width": 768, "height": 1024},
    "wide": {"width": 1440, "height": 900},
}
# What makes a small window a phone: fingers instead of a mouse, (pointer: coarse), and a screen of small pixels.
# While Chromium takes a picture of a whole page it says (pointer: fine), so such pictures show what a mouse is told.
HELD: dict[str, Any] = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
WITHOUT_SCRIPTS: list[BrowserContext] = []
expect.set_options(timeout=20_000)  # the worker may be busy
LOCALES = {"pt": "pt-PT", "en": "en-GB"}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    return browser_type_launch_args | {"args": [*browser_type_launch_args.get("args", []), *quiet]}


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return album(tmp_path_factory.mktemp("album"))


@pytest.fixture
def shop_page(browser: Browser, live_shop: Any) -> Iterator[Callable[..., Page]]:
    """`shop_page(size, language, javascript=True, dark=False)`: a page of a new visitor. Errors in it fail the test."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []
    studio()

    def opened(size: str = "phone", language: str = "pt", *, javascript: bool = True, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]  # Playwright's own mapping, written plainly
            locale=LOCALES[language],
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            base_url=live_shop.url,
            **(HELD if size == "phone" else {}),
        )
        contexts.append(context)
        if not javascript:
            WITHOUT_SCRIPTS.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda message: troubles.append(message.text) if "Content Security Policy" in message.text else None,
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(
    params=[("phone", "pt", True), ("desktop", "en", False)],
    ids=["phone-pt", "desktop-en-noscript"],
)
def visitor(request: pytest.FixtureRequest, shop_page: Callable[..., Page]) -> Visitor:
    """The test runs for both."""
    size, language, javascript = request.param
    return Visitor(shop_page(size, language, javascript=javascript), language, javascript)


def can_run_scripts(page: Page) -> bool:
    return page.context not in WITHOUT_SCRIPTS


def studio() -> None:
    """The seller as the law wants it shown (P2)."""
    ShopSettings.objects.update_or_create(
        pk=1,
        defaults={
            "studio_name": "Estúdio Margem",
            "legal_name": "Margem Fotografia, Lda.",
            "address": "Rua do Norte 12\n1200-283 Lisboa",
            "nipc": "509442013",
            "email": "ola@margem.example",
            "phone": "+351 210 000 000",
            "arbitration_body": "Centro de Arbitragem de Conflitos de Consumo de Lisboa",
            "arbitration_url": "https://www.centroarbitragemlisboa.pt/",
            "pickup_hours_pt": "Terça a sábado, 10h–18h",
            "pickup_hours_en": "Tuesday to Saturday, 10:00–18:00",
        },
    )


ZOOMED = (640, 320)  # px: what a screen of 1280 shows at 200 % and 400 % zoom (WCAG 1.4.4, 1.4.10)
RUNS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > wide ? ["the page scrolls sideways"] : [];
  for (const node of document.querySelectorAll("a, button, input, select, textarea, summary, label, h1, h2, p, dd, time")) {
    const box = node.getBoundingClientRect();
    if (!box.width || !node.checkVisibility({ visibilityProperty: true }) || node.closest('.visually-hidden')) continue;
    const what = `${node.localName} "${(node.innerText || node.name || "").trim().slice(0, 40)}"`;
    if (box.left < -1 || box.right > wide + 1) found.push(`${what} is at ${box.left} to ${box.right}`);
    else if (node.matches("button, .button, summary, h1, h2") && node.scrollWidth > node.clientWidth + 1) found.push(`${what} is cut off`);
  }
  return found;
}"""


# Colours that fade stand still first. Of axe-core's results only what is wrong is fetched: the others take a second.
FAULTS = """async (options) => {
  const fading = document.getAnimations().filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime));
  await Promise.allSettled(fading.map((each) => each.finished));
  return (await axe.run({ resultTypes: ["violations"], ...options })).violations;
}"""


def faults(page: Page, **options: object) -> str:
    """axe-core's report about the page; empty where it finds no fault."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = AxeResults({"violations": page.evaluate(FAULTS, options)})
    return str(found.generate_report()) if found.violations_count else ""


def other_scheme(page: Page) -> None:
    """The contrasts of the same page in the other of the two colour schemes."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if dark else "dark")
    found = faults(page, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="dark" if dark else "light")
    assert found == ""


def zoomed(page: Page, name: str) -> None:
    """Nothing runs out of the screen or is cut off at 200 % and 400 % zoom."""
    size = page.viewport_size
    for width in ZOOMED:
        page.set_viewport_size({"width": width, "height": 640})
        wrong = page.locator("html").evaluate(RUNS_OUT)
        assert wrong == [], f"{name} at {width} px"
    if size:
        page.set_viewport_size(size)


@pytest.fixture
def looks_right(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps a screenshot, and fails where axe-core finds fault, in light or in dark, or where the page does not fit its
    screen, zoomed in too."""

    def check(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        test = re.sub(r"\W+", "-", request.node.name).strip("-")
        page.screenshot(path=ARTIFACTS / f"{test}-{name}.png", full_page=True, scale="css")
        wide, screen = page.locator("html").evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide <= screen, f"{name} is {wide} px wide on a screen of {screen}"
        if not page.locator("html").evaluate("() => matchMedia('print').matches"):
            zoomed(page, name)
        if not can_run_scripts(page):
            return  # axe-core is a script itself; the same markup is looked at where scripts run
        expect(page.locator("[data-total-bar].is-stale")).to_have_count(0)  # a sum that is being worked out is faint
        assert faults(page) == ""
        other_scheme(page)

    return check
