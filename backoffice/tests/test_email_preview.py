"""Every email to a customer can be looked at by the owner before it is ever sent (O4)."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from backoffice import email_preview
from orders.email_kinds import KINDS
from orders.models import Order, SentEmail
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db


def url(order: Order, kind: str, query: str = "") -> str:
    return f"/admin/orders/order/{order.pk}/emails/{kind}/{query}"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_read_in_both_languages_as_html_and_as_text(owner_client: Client, kind: str) -> None:
    order = OrderFactory(paid=True)
    reads = {"accept-language": "pt"}
    for language, word in (("pt", "Encomenda"), ("en", "Order")):
        html = owner_client.get(url(order, kind, f"?language={language}"), headers=reads).content.decode()
        plain = owner_client.get(url(order, kind, f"?language={language}&form=text"), headers=reads).content.decode()
        for page in (html, plain):
            assert order.number in page
            assert word in page
            assert f'lang="{language}" aria-current="true"' in page
            assert "Assunto:" in page  # the bar is in the owner's language
        assert "<table" in html
        assert "<table" not in plain
        assert "<pre" in plain
    assert not SentEmail.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_the_orders_page_lists_every_kind_once_whatever_the_order_is(owner_client: Client) -> None:
    """Also before payment; of an order that is picked up, "ready" is the mail with address and hours."""
    for order, left_out in (
        (OrderFactory(paid=True), None),
        (OrderFactory(), None),
        (OrderFactory(paid=True, method="pickup", zone=""), "ready"),
    ):
        page = owner_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
        listed = [kind for kind in KINDS if url(order, kind) in page]
        assert listed == email_preview.kinds(order) == [kind for kind in KINDS if kind != left_out]
        assert page.count("/emails/") == len(listed)
        assert owner_client.get(url(order, "ready_pickup")).status_code == 200


def test_an_unknown_kind_or_language_shows_no_other_mail(owner_client: Client) -> None:
    order = OrderFactory(paid=True, language="en")
    assert owner_client.get(url(order, "nothing")).status_code == 404
    assert 'lang="en" aria-current="true"' in owner_client.get(url(order, "shipped", "?language=xx")).content.decode()


@pytest.mark.parametrize("rights", [(), ("view_money",), ("refund_order",)])
def test_who_may_not_see_money_and_refund_sees_no_preview(
    staff: User, staff_client: Client, rights: tuple[str, ...]
) -> None:
    """O6: prices are in the mails, and the link by which the order can be cancelled, which refunds everything."""
    staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
    order = OrderFactory(paid=True)
    assert staff_client.get(url(order, "confirmed")).status_code == 403
    assert "/emails/" not in staff_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
