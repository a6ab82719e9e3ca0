"""What the owner and staff may do, and that nobody lifts themselves higher."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts import roles, services
from accounts.models import User

OWNERS_PAGES = [
    "orders/product/", "orders/finish/", "orders/shippingzone/", "orders/shopsettings/", "orders/legaldocument/",
    "payments/paymentattempt/", "payments/webhookevent/", "accounts/user/", "auth/group/",
]  # fmt: skip


def client_of(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def owner(db: None) -> User:
    return services.ensure_owner("owner@example.test", "x" * 12)[0]


@pytest.fixture
def staff(db: None) -> User:
    return services.ensure_staff("staff@example.test", "x" * 12)[0]


@pytest.mark.parametrize("page", OWNERS_PAGES)
def test_the_owner_reaches_every_page_and_staff_none_of_the_owners(owner: User, staff: User, page: str) -> None:
    assert client_of(owner).get(f"/admin/{page}", follow=True).status_code == 200
    assert client_of(staff).get(f"/admin/{page}", follow=True).status_code == 403


def test_the_menu_shows_only_what_the_person_may_open(owner: User, staff: User) -> None:
    assert "/admin/orders/product/" in client_of(owner).get("/admin/").content.decode()
    menu = client_of(staff).get("/admin/").content.decode()
    assert "/admin/orders/order/" in menu
    assert "/admin/orders/product/" not in menu
    assert "/admin/payments/paymentattempt/" not in menu


@pytest.mark.parametrize("right", ["view_money", "refund_order"])
def test_money_is_for_the_owner_and_for_those_the_owner_permits(owner: User, staff: User, right: str) -> None:
    assert owner.has_perm(f"orders.{right}")
    assert not staff.has_perm(f"orders.{right}")
    staff.user_permissions.add(Permission.objects.get(codename=right))
    assert User.objects.get(pk=staff.pk).has_perm(f"orders.{right}")


def test_the_owner_may_not_change_the_books(owner: User) -> None:
    for right in ("change_paymentattempt", "delete_order", "add_order", "delete_orderevent", "change_orderevent"):
        app = "payments" if "payment" in right else "orders"
        assert not owner.has_perm(f"{app}.{right}")


def test_an_owner_cannot_become_a_superuser_or_touch_one(owner: User) -> None:
    root = User.objects.create_superuser("root@example.test", "x" * 12)
    client = client_of(owner)
    form = {
        "email": owner.email,
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [owner.groups.get().pk],
    }
    client.post(f"/admin/accounts/user/{owner.pk}/change/", form)
    client.post(f"/admin/accounts/user/{root.pk}/change/", form | {"email": "mine@example.test"})
    client.post(
        f"/admin/accounts/user/{root.pk}/password/", {"password1": "new-pass-phrase", "password2": "new-pass-phrase"}
    )
    owner.refresh_from_db()
    root.refresh_from_db()
    assert not owner.is_superuser
    assert (root.email, root.check_password("x" * 12)) == ("root@example.test", True)


def test_roles_are_renewed_for_the_owner_and_kept_as_changed_for_staff(owner: User, staff: User) -> None:
    """After an upgrade: the owner gets what is new, staff keep what the owner decided."""
    Group.objects.get(name=roles.OWNER).permissions.clear()
    Group.objects.get(name=roles.STAFF).permissions.clear()
    roles.install_roles()
    assert User.objects.get(pk=owner.pk).has_perm("orders.view_money")
    assert not User.objects.get(pk=staff.pk).has_perm("orders.view_order")
