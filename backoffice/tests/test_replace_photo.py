"""The owner's button "ask for another photo" (O1, O6)."""

from django.test import Client
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage


def stored() -> Order:
    order = OrderFactory(paid=True, stored_at=timezone.now())
    order.photos.update(stored_at=timezone.now())
    return order


def path(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/photos/1/ask/"


def test_asking_for_another_photo_keeps_who_asked(owner_client: Client, owner: User) -> None:
    order = stored()
    assert path(order) in owner_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    owner_client.post(path(order), {"reason": "Está desfocada"})
    order.refresh_from_db()
    assert order.state == "needs_photos"
    assert order.events.get().actor == owner
    page = owner_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    assert "Está desfocada" in page
    assert path(order) not in page


def test_without_a_reason_nobody_is_asked(owner_client: Client) -> None:
    order = stored()
    owner_client.post(path(order), {"reason": " "})
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("paid", 0)


def test_who_may_not_change_orders_asks_nobody(outsider_client: Client) -> None:
    order = stored()
    assert outsider_client.post(path(order), {"reason": "x"}).status_code in (302, 403)
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("paid", 0)


def test_a_replaced_photo_has_an_address_of_its_own(owner_client: Client) -> None:
    """Browsers keep a thumbnail for a day: it is asked for by the photo's hash, in the list and on the order's page."""
    order = stored()
    order.photos.update(thumbnail_key="orders/x/thumbnails/001.jpg")
    for sha256 in ("0a1b2c3d" + "0" * 56, "4e5f6071" + "0" * 56):
        order.photos.update(sha256=sha256)
        for page in ("/admin/orders/order/", f"/admin/orders/order/{order.pk}/change/"):
            shown = owner_client.get(page).content.decode()
            assert f'src="/admin/orders/order/{order.pk}/thumbnails/1/?v={sha256[:8]}"' in shown
