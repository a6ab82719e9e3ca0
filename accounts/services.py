"""Making people who sign in. The only place that decides what an account of each role looks like."""

import hashlib
import secrets

from django.db import transaction

from accounts import roles
from accounts.models import ApiKey, User


@transaction.atomic
def ensure_owner(email: str, password: str | None, *, first_name: str = "", last_name: str = "") -> tuple[User, bool]:
    """The owner's account, made when missing; (user, made now). An existing one keeps its password."""
    owner_group, _unused = roles.install_roles()
    user, created = _ensure(email, password, first_name=first_name, last_name=last_name, is_staff=True)
    user.groups.add(owner_group)
    return user, created


@transaction.atomic
def ensure_staff(email: str, password: str | None, *, first_name: str = "", last_name: str = "") -> tuple[User, bool]:
    """A staff account, made when missing; (user, made now)."""
    _unused, staff_group = roles.install_roles()
    user, created = _ensure(email, password, first_name=first_name, last_name=last_name, is_staff=True)
    user.groups.add(staff_group)
    return user, created


@transaction.atomic
def ensure_trade_customer(
    email: str, password: str | None, *, first_name: str = "", last_name: str = ""
) -> tuple[User, bool]:
    """A trade customer's sign-in, without any right in the admin; (user, made now)."""
    return _ensure(email, password, first_name=first_name, last_name=last_name, is_staff=False)


def make_api_key(user: User, key: str = "") -> str:
    """A new key for the user's programs, or the one given; it can be read here and never again. Safe to repeat."""
    key = key or f"photoorders_{secrets.token_urlsafe(32)}"
    ApiKey.objects.update_or_create(digest=_digest(key), defaults={"user": user})
    return key


def user_of_api_key(key: str) -> User | None:
    """Whose key this is; None where nobody's, or where the account is switched off."""
    found = ApiKey.objects.select_related("user").filter(digest=_digest(key), user__is_active=True).first()
    return found.user if found else None


def _digest(key: str) -> str:
    """Keys are long and random, so that a plain hash keeps them."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _ensure(email: str, password: str | None, **fields: object) -> tuple[User, bool]:
    existing = User.objects.filter(email=email.lower()).first()
    if existing is None:
        return User.objects.create_user(email, password, **fields), True
    if fields["is_staff"] and not existing.is_staff:
        existing.is_staff = True
        existing.save(update_fields=["is_staff"])
    return existing, False
