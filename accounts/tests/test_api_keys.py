"""Trade customers' keys: shown once, kept as a hash, good for nobody else (C62, S7)."""

import pytest

from accounts import services
from accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db


def trade(email: str = "trade@example.test") -> User:
    return services.ensure_trade_customer(email, "a-long-password")[0]


def test_a_key_names_its_user_and_only_its_hash_is_kept() -> None:
    user = trade()
    key = services.make_api_key(user)
    assert services.user_of_api_key(key) == user
    assert len(key) >= 50
    kept = ApiKey.objects.get()
    assert key not in (kept.digest, str(kept))
    assert services.user_of_api_key(kept.digest) is None
    assert services.user_of_api_key("") is None


def test_the_key_of_an_account_that_is_switched_off_is_nobodys() -> None:
    user = trade()
    key = services.make_api_key(user)
    User.objects.update(is_active=False)
    assert services.user_of_api_key(key) is None


def test_a_given_key_is_taken_once() -> None:
    assert [services.make_api_key(trade(), "demo_key") for _again in range(2)] == ["demo_key", "demo_key"]
    assert ApiKey.objects.count() == 1
