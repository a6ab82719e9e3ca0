"""Prices: integer cents, tiers over the whole order, IVA once on the total (C1, A5, U0)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import pricing
from orders.catalogue import FinishInfo, ProductInfo, install_default_catalogue
from orders.models import ShippingZone, ShopSettings
from orders.pricing import Shipping, Totals

MATTE = FinishInfo("matte", "Mate", "Matte")
SMALL = ProductInfo("10x15", "", "", 100, 150, 3, (MATTE,), {"": ((1, 35), (50, 29), (100, 25)), "lab": ((1, 20),)})
LARGE = ProductInfo("20x30", "", "", 200, 300, 5, (MATTE,), {"": ((1, 350),)})
PRODUCTS = {"10x15": SMALL, "20x30": LARGE}
POST = Shipping({"mainland": 390, "madeira": 690, "acores": 690}, 3000)
IVA = Decimal(23)


def compute(*rows: tuple[str, int], zone: str = "mainland", method: str = "post", group: str = "") -> Totals:
    items = [{"product": product, "quantity": quantity} for product, quantity in rows]
    return pricing.compute(list(items), PRODUCTS, POST, zone, method, IVA, group)


def test_prints_of_one_product_count_together_over_the_whole_order() -> None:
    totals = compute(("10x15", 30), ("20x30", 1), ("10x15", 20))
    assert [line.unit_cents for line in totals.lines] == [29, 350, 29]
    assert [line.line_cents for line in totals.lines] == [870, 350, 580]
    assert (totals.items_cents, totals.shipping_cents, totals.total_cents, totals.prints) == (1800, 390, 2190, 51)


@pytest.mark.parametrize(("count", "unit"), [(1, 35), (49, 35), (50, 29), (99, 29), (100, 25), (999, 25)])
def test_a_tier_begins_at_its_number(count: int, unit: int) -> None:
    assert compute(("10x15", count)).lines[0].unit_cents == unit


def test_a_price_group_has_its_own_prices_and_falls_back_to_the_public_ones() -> None:
    totals = compute(("10x15", 2), ("20x30", 1), group="lab")
    assert [line.unit_cents for line in totals.lines] == [20, 350]


@pytest.mark.parametrize(
    ("zone", "method", "cents"),
    [("mainland", "post", 390), ("madeira", "post", 690), ("acores", "post", 690), ("", "pickup", 0), ("", "", 0)],
)
def test_shipping_goes_by_zone_and_pickup_is_free(zone: str, method: str, cents: int) -> None:
    """A5."""
    assert compute(("10x15", 1), zone=zone, method=method).shipping_cents == cents


def test_shipping_is_free_from_the_threshold_on() -> None:
    assert compute(("20x30", 8), ("10x15", 5)).shipping_cents == 390  # 2975
    assert compute(("20x30", 8), ("10x15", 6)).shipping_cents == 0  # 3010
    assert pricing.Shipping({"mainland": 390}, 3000).cents(3000, "mainland", "post") == 0


def test_an_empty_order_costs_nothing() -> None:
    totals = compute()
    assert (totals.items_cents, totals.shipping_cents, totals.total_cents, totals.tax_cents, totals.prints) == (0,) * 5


@pytest.mark.parametrize(
    ("total", "percent", "tax"),
    [(123, "23", 23), (460, "23", 86), (100, "23", 19), (3, "16", 0), (4, "16", 1), (1, "100", 1), (61, "22", 11)],
)
def test_iva_is_rounded_half_up(total: int, percent: str, tax: int) -> None:
    """1 cent at 100 % holds half a cent of tax: rounded up."""
    assert pricing.tax_within(total, Decimal(percent)) == tax


@given(st.integers(0, 10**9), st.decimals(0, 99, places=2))
def test_iva_is_the_nearest_cent_to_the_true_value(total: int, percent: Decimal) -> None:
    tax = pricing.tax_within(total, percent)
    exact = Decimal(total) * percent / (100 + percent)
    assert abs(tax - exact) <= Decimal("0.5000001")
    assert 0 <= tax <= total


@given(st.lists(st.tuples(st.sampled_from(["10x15", "20x30"]), st.integers(1, 999)), max_size=20), st.randoms())
def test_totals_add_up_in_any_order_of_the_items(rows: list[tuple[str, int]], random: object) -> None:
    totals = compute(*rows)
    assert totals.items_cents == sum(line.line_cents for line in totals.lines)
    assert totals.total_cents == totals.items_cents + totals.shipping_cents
    assert totals.prints == sum(quantity for _unused, quantity in rows)
    backwards = compute(*reversed(rows))
    assert (backwards.total_cents, backwards.tax_cents) == (totals.total_cents, totals.tax_cents)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_splitting_a_row_changes_no_price(quantities: list[int]) -> None:
    split = compute(*(("10x15", quantity) for quantity in quantities))
    assert split.items_cents == compute(("10x15", sum(quantities))).items_cents


@pytest.mark.django_db
def test_prices_come_from_the_shops_own_list() -> None:
    """C1: what the database says is charged, at the shop's own rate."""
    install_default_catalogue()
    ShopSettings.objects.create(pk=1, iva_percent=22, free_shipping_from_cents=None)
    ShippingZone.objects.filter(code="madeira").update(price_cents=555)
    totals = pricing.price([{"product": "10x15", "quantity": 100}], "madeira", "post")
    assert (totals.items_cents, totals.shipping_cents, totals.total_cents, totals.tax_cents) == (2500, 555, 3055, 551)


@pytest.mark.django_db
def test_installing_the_price_list_again_leaves_the_owners_changes() -> None:
    install_default_catalogue()
    ShippingZone.objects.filter(code="mainland").update(price_cents=1)
    install_default_catalogue()
    assert ShippingZone.objects.get(code="mainland").price_cents == 1
    assert ShippingZone.objects.count() == 3


def test_fewer_prints_than_the_first_tier_begins_with_cost_its_price() -> None:
    """The owner may leave out the tier from one print on."""
    assert pricing.unit_cents([(10, 35), (50, 29)], 3) == 35


@pytest.mark.parametrize(("items_cents", "off"), [(149, 1), (150, 2)])
def test_a_percentage_is_rounded_half_up(items_cents: int, off: int) -> None:
    """1 % of 1.49 and of 1.50 euros."""
    assert pricing.Discount("X", "percent", percent=1).cents(items_cents, 0) == off
