"""Who visits the back office in these tests: the owner, staff, a trade customer without rights, and nobody."""

import pytest
from django.test import Client

from accounts import services
from accounts.models import User

PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def owner(db: None) -> User:
    return services.ensure_owner("owner@example.test", PASSWORD)[0]


@pytest.fixture
def staff(db: None) -> User:
    return services.ensure_staff("staff@example.test", PASSWORD)[0]


@pytest.fixture
def outsider(db: None) -> User:
    return services.ensure_trade_customer("trade@example.test", PASSWORD)[0]


@pytest.fixture
def owner_client(owner: User) -> Client:
    return _signed_in(owner)


@pytest.fixture
def staff_client(staff: User) -> Client:
    return _signed_in(staff)


@pytest.fixture
def outsider_client(outsider: User) -> Client:
    return _signed_in(outsider)


def _signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
