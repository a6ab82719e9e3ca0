"""The chaos shop, started once for these tests."""

from collections.abc import Iterator

import pytest

from tests.chaos.shop import Shop


@pytest.fixture(scope="session")
def chaos_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("chaos"))
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()


@pytest.fixture
def calm_shop(chaos_shop: Shop) -> Iterator[Shop]:
    """The shop, everything running and well-behaved before and after."""
    chaos_shop.heal()
    yield chaos_shop
    chaos_shop.heal()
