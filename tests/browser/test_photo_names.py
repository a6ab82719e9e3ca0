"""A hundred prints on one page: each group, field and button says aloud which photo it is of (WCAG 1.3.1, 2.4.6)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visits import ON_PHONE_AND_DESKTOP, carry, in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

BUTTONS = ("Adjust the cut", "Turn the photo", "+ Another size of this photo")
LOST = """() => {
  const ids = [...document.querySelectorAll("[aria-describedby], [aria-labelledby]")]
    .flatMap((node) => `${node.getAttribute("aria-describedby") ?? ""} ${node.getAttribute("aria-labelledby") ?? ""}`.split(" "));
  return ids.filter((id) => id && document.querySelectorAll(`[id="${id}"]`).length !== 1);
}"""


def named(page: Page, language: str, name: str, prints: int) -> None:
    groups = page.get_by_role("group", name=in_words(language, "Print of %(name)s") % {"name": name})
    expect(groups).to_have_count(prints)
    for button in BUTTONS:
        said = f"{in_words(language, button)} {name}"
        expect(page.get_by_role("button", name=said, exact=True)).to_have_count(1 if button.startswith("+") else prints)
    for field in ("product", "finish", "quantity"):
        expect(groups.first.locator(f"[data-field={field}]")).to_have_accessible_description(
            re.compile(re.escape(name))
        )


@ON_PHONE_AND_DESKTOP
def test_every_print_says_which_photo_it_is_of(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    """As the server draws it, and as the script does for what has just been uploaded or added."""
    page = shop_page(size, language)
    carry(page, prepared(wait_until, language=language))
    page.goto("/")
    page.set_input_files("#file", photos[1])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    page.locator("[data-add-row]").last.click()
    for _drawn in ("by the script", "by the server"):
        named(page, language, "praia.jpg", 1)
        named(page, language, photos[1].name, 2)
        assert page.evaluate(LOST) == []
        if size == "phone":  # axe-core's rules know no language
            looks_right(page, "named")
        page.reload()
