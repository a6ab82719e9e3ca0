"""Photos leave S3 when the time that the privacy notice promises is over, and not before (O8)."""

import datetime
from typing import Any

import pytest
from celery.schedules import crontab
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from orders import fulfilment, legal, links, photo_retention, storage_keys, tasks
from orders.catalogue import install_default_catalogue
from orders.models import LegalDocument, Order, OrderEvent, OrderItem, ShopSettings
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, paid_order
from outbox.models import OutboxMessage
from uploads import storage
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db(transaction=True)


def ago(days: int) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


def stored_order(photos: int = 1, **fields: Any) -> Order:
    order = paid_order([jpeg(seed=seed) for seed in range(photos)], paid_at=ago(100))
    fulfilment.store(order.pk)
    Order.objects.filter(pk=order.pk).update(**fields)
    order.refresh_from_db()
    return order


def delivered(days: int, photos: int = 1) -> Order:
    return stored_order(photos, state="delivered", delivered_at=ago(days))


def numbers(days: int = 60) -> set[str]:
    return {order.number for order in photo_retention.due(days)}


def test_photos_prints_and_thumbnails_go_sixty_days_after_delivery_and_others_stay(s3: S3Server) -> None:
    """Delivered by post or picked up; the order of yesterday next to it keeps every file."""
    old, young = delivered(61, photos=2), delivered(59)
    kept = {key for key in s3.files() if young.number in key}
    assert (len(s3.files()), len(kept)) == (11, 4)
    assert photo_retention.purge() == 1
    assert set(s3.files()) == kept
    old.refresh_from_db()
    assert old.photos_deleted_at is not None
    assert set(old.photos.values_list("storage_key", "thumbnail_key")) == {("", "")}
    assert set(OrderItem.objects.filter(order=old).values_list("print_key", flat=True)) == {""}
    assert [event.kind for event in old.events.all()][-1] == "photos_deleted"
    young.refresh_from_db()
    assert young.photos_deleted_at is None
    assert all(young.photos.values_list("storage_key", flat=True))


def test_a_second_run_deletes_nothing_and_notes_nothing(s3: S3Server) -> None:
    order = delivered(61)
    assert photo_retention.purge() == 1
    assert photo_retention.delete(order) == 0
    assert photo_retention.purge() == 0
    assert order.events.filter(kind="photos_deleted").count() == 1


def test_an_outage_leaves_the_order_unmarked_and_the_next_run_finishes(s3: S3Server) -> None:
    """C50: files first, then the mark: nobody is told of a deletion that did not happen."""
    order = delivered(61)
    s3.stop()
    with pytest.raises(storage.StorageUnavailable):
        photo_retention.purge()
    order.refresh_from_db()
    assert order.photos_deleted_at is None
    assert all(order.photos.values_list("storage_key", flat=True))
    with pytest.raises(CommandError, match="run it again later"):
        call_command("purge")
    s3.start()
    storage.delete(order.photos.get().thumbnail_key)  # as a run that was killed between two files leaves it
    assert photo_retention.purge() == 1
    assert s3.files() == {}


def test_what_a_killed_worker_stored_without_marking_goes_too(s3: S3Server) -> None:
    order = delivered(61)
    storage.put_bytes(f"{storage_keys.folder(order)}/originals/009_sem-marca.jpg", b"left over", "image/jpeg")
    order.photos.update(storage_key="elsewhere/001.jpg")  # e.g. stored before the shop's time zone was changed
    storage.put_bytes("elsewhere/001.jpg", b"moved", "image/jpeg")
    photo_retention.purge()
    assert s3.files() == {}


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"state": "delivered", "delivered_at": ago(61)}, True),
        ({"state": "delivered", "delivered_at": ago(59)}, False),
        ({"state": "delivered", "delivered_at": ago(61), "payment_state": "disputed"}, False),
        ({"state": "delivered", "delivered_at": ago(61), "payment_state": "review"}, False),
        ({"state": "shipped", "shipped_at": ago(91)}, True),
        ({"state": "shipped", "shipped_at": ago(89)}, False),
        ({"state": "cancelled"}, True),
        ({"state": "paid", "payment_state": "refunded"}, True),
        ({"state": "shipped", "shipped_at": ago(70), "payment_state": "partly_refunded"}, False),
        ({"state": "paid"}, False),
        ({"state": "needs_photos"}, False),
        ({"state": "in_production"}, False),
        ({"state": "ready"}, False),
    ],
)
def test_which_orders_are_over(fields: dict[str, Any], due: bool) -> None:
    """A parcel nobody marked as delivered counts as such 30 days after it left; money in dispute keeps its evidence."""
    order = OrderFactory(paid=True, paid_at=ago(100))
    Order.objects.filter(pk=order.pk).update(**fields)
    assert numbers() == ({order.number} if due else set())


def test_many_orders_are_read_page_by_page(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_retention, "PAGE", 2)
    orders = OrderFactory.create_batch(5, paid=True, paid_at=ago(100), state="delivered", delivered_at=ago(61))
    assert [order.pk for order in photo_retention.due(60)] == sorted(order.pk for order in orders)
    assert photo_retention.purge() == 5
    assert numbers() == set()


def test_the_customers_page_says_so_and_offers_no_reorder(client: Client, s3: S3Server) -> None:
    order = delivered(61)
    page = links.order_path(order)
    before = client.get(page).content.decode()
    assert reverse("order-reorder", args=[order.number]) in before
    assert "<image href=" in before
    photo_retention.purge()
    shown = client.get(page).content.decode()
    assert "foram apagadas" in shown
    assert reverse("order-reorder", args=[order.number]) not in shown
    assert "<image href=" not in shown
    answer = client.post(f"{reverse('order-reorder', args=[order.number])}?t={links.token(order)}")
    assert answer.status_code == 302
    assert not OutboxMessage.objects.filter(task="orders.bring_back").exists()


def test_the_owners_page_says_so_and_offers_no_files(admin_client: Client, s3: S3Server) -> None:
    order = delivered(61)
    page = reverse("admin:orders_order_change", args=[order.pk])
    zipped = reverse("admin:orders_order_zip", args=[order.pk])
    assert zipped in admin_client.get(page).content.decode()
    photo_retention.purge()
    shown = admin_client.get(page).content.decode()
    assert "As fotografias desta encomenda foram apagadas" in shown
    assert "fotografias apagadas" in shown
    assert zipped not in shown
    assert "/originals/" not in shown


def test_a_late_task_stores_nothing_of_an_order_whose_photos_are_deleted(s3: S3Server) -> None:
    """The owner presses "retry" on an old message: no photo comes back, and the customer is asked for none."""
    order = delivered(61)
    photo_retention.purge()
    Order.objects.filter(pk=order.pk).update(stored_at=None)
    order.photos.update(stored_at=None)
    fulfilment.store(order.pk)
    order.refresh_from_db()
    assert (order.state, order.stored_at) == ("delivered", None)
    assert s3.files() == {}
    assert not OrderEvent.objects.filter(order=order, kind="needs_photos").exists()


def test_the_command_says_what_would_go_and_then_deletes_it(s3: S3Server, capsys: pytest.CaptureFixture[str]) -> None:
    order = delivered(61)
    OutboxMessage.objects.create(task="t", queue="q", key="done", state="done", done_at=ago(91))
    before = s3.files()
    call_command("purge", "--dry-run")
    assert capsys.readouterr().out.splitlines() == [
        f"{order.number}: 4 files",
        "Would delete: 1 messages of finished work, 0 webhook events, photos of 1 orders.",
    ]
    assert s3.files() == before
    assert OutboxMessage.objects.filter(key="done").exists()
    call_command("purge", "--photos-days", "62")
    assert s3.files() == before
    call_command("purge")
    assert "photos of 1 orders." in capsys.readouterr().out
    assert s3.files() == {}


def test_beat_purges_daily(s3: S3Server, settings: Any) -> None:
    delivered(46)
    settings.PHOTOS_KEEP_DAYS = 45
    entry = settings.CELERY_BEAT_SCHEDULE["photos-purge"]
    assert (entry["task"], entry["schedule"]) == (tasks.purge_photos.name, crontab(hour="3", minute="40"))
    assert tasks.purge_photos() == 1
    assert s3.files() == {}


@pytest.mark.parametrize(("language", "promise"), [("pt", "apagadas 45 dias"), ("en", "deleted 45 days")])
def test_the_privacy_notice_promises_what_is_set(settings: Any, language: str, promise: str) -> None:
    """P2."""
    settings.PHOTOS_KEEP_DAYS = 45
    install_default_catalogue()
    with translation.override(language):
        document = LegalDocument.objects.filter(kind="privacy").latest("published_at")
        assert promise in legal.text(document, ShopSettings.load())
