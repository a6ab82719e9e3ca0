"""The demo accounts of DESIGN §4."""

from accounts import services
from accounts.models import User

OWNER = "owner@example.test"
STAFF = "staff@example.test"
TRADE = "trade@example.test"


def install_people(password: str) -> list[str]:
    """Makes the three accounts that are missing, all with `password`; returns the addresses made now."""
    made = [
        services.ensure_owner(OWNER, password, first_name="Olga", last_name="Prado"),
        services.ensure_staff(STAFF, password, first_name="Simão", last_name="Reis"),
        services.ensure_trade_customer(TRADE, password, first_name="Teresa", last_name="Vaz"),
    ]
    return [user.email for user, created in made if created]


def install_api_key(key: str) -> str:
    """The trade account's key: the given one, or a new one where the account has none. "" where it has one already."""
    trade = User.objects.get(email=TRADE)
    return services.make_api_key(trade, key) if key or not trade.api_keys.exists() else ""


def owner() -> User:
    return User.objects.get(email=OWNER)
