"""The owner asks for another photo, the customer sends one: new print file, old files gone (U6, U8, U9, C66)."""

import hashlib
import html
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from orders import emails, fulfilment, links, replacing, services
from orders.models import Order, OrderItem
from orders.services import InvalidTransition
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, paid_order, stashed
from outbox.models import OutboxMessage
from uploads import stash
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db(transaction=True)

CROP = {"x": 0.1, "y": 0.1, "width": 0.8, "height": 0.8}


def stored(**fields: Any) -> Order:
    order = OrderFactory(paid=True, stored_at=timezone.now(), **fields)
    order.photos.update(stored_at=timezone.now(), storage_key="k")
    return order


def clean_up() -> None:
    for message in OutboxMessage.objects.filter(task="orders.delete_replaced"):
        replacing.delete_files(**message.payload)


@pytest.mark.parametrize("filename", ["praia.jpg", "outra.jpg"])
def test_a_replaced_photo_is_printed_anew_and_its_old_files_go(s3: S3Server, filename: str) -> None:
    """U9: whatever it is called, S3 then holds the new original, thumbnail and print, and nothing of the old."""
    kept, old, new = jpeg(seed=1), jpeg(seed=2), jpeg(1500, 1500, seed=3)
    order = paid_order([kept, old], filenames=["fica.jpg", "praia.jpg"], item={"crop": CROP})
    fulfilment.store(order.pk)
    before = s3.files()
    services.start_production(order)
    services.ask_for_photo(order, 2, "Está desfocada")
    services.replace_photo(order, 2, stashed(new, filename=filename, width=1500, height=1500))
    order.refresh_from_db()
    assert (order.state, order.stored_at) == ("paid", None)
    fulfilment.store(order.pk)
    clean_up()
    files = s3.files()
    assert len(files) == len(before) == 7
    assert sorted(data for key, data in files.items() if "/originals/" in key) == sorted([kept, new])
    assert sum("praia" in key for key in files) == (3 if filename == "praia.jpg" else 0)
    row, item = order.photos.get(seq=2), OrderItem.objects.get(photo__seq=2)
    assert files[row.storage_key] == new
    assert (item.crop, item.dpi, item.quality) == (None, 254, "good")
    with Image.open(io.BytesIO(files[item.print_key])) as print_file:
        assert print_file.size == (1000, 1500)
    assert OrderItem.objects.get(photo__seq=1).crop == CROP
    assert [event.kind for event in order.events.all()] == [
        "stored",
        "in_production",
        "photo_asked",
        "photo_replaced",
        "photos_restored",
        "stored",
    ]


def test_a_crop_stays_where_the_new_photo_has_the_same_shape(s3: S3Server) -> None:
    """U8, U6: cut as the preview showed, quality worked out again."""
    order = paid_order([jpeg(seed=1)], item={"crop": CROP})
    fulfilment.store(order.pk)
    services.ask_for_photo(order, 1, "escura")
    services.replace_photo(order, 1, stashed(jpeg(900, 600, seed=2), width=900, height=600))
    item = OrderItem.objects.get()
    assert (item.crop, item.dpi, item.quality, item.unit_cents) == (CROP, 121, "fair", 35)


def test_the_customer_is_told_why_once_and_the_history_is_silent_about_it() -> None:
    """O4, O8."""
    order = stored()
    services.ask_for_photo(order, 1, " O João tem os olhos fechados ")
    with pytest.raises(InvalidTransition):
        services.ask_for_photo(order, 1, "outra vez")
    order.refresh_from_db()
    assert (order.state, order.photos.get().replace_reason) == ("needs_photos", "O João tem os olhos fechados")
    event = order.events.get()
    assert (event.kind, event.why) == ("photo_asked", "photo 1")
    message = OutboxMessage.objects.get()
    assert message.payload == {"order_id": order.pk, "kind": f"replace_photo:{event.pk}"}
    mail = emails.customer_mail(order, f"replace_photo:{event.pk}", "<x@y>")
    for body in (mail.text, mail.html):
        assert "olhos fechados" in body
        assert "praia.jpg" in body


def test_the_order_page_shows_the_reason_and_takes_the_photo(client: Client, s3: S3Server) -> None:
    order = paid_order([jpeg(seed=1)])
    fulfilment.store(order.pk)
    services.ask_for_photo(order, 1, "Está <b>desfocada</b>")
    page = client.get(links.order_path(order)).content.decode()
    assert "Está &lt;b&gt;desfocada&lt;/b&gt;" in page
    assert "não nos chegaram inteiras" not in page
    path = f"/orders/{order.number}/photos/1/again/?t={links.token(order)}"
    token = client.cookies["csrftoken"].value
    photo = SimpleUploadedFile("nova.jpg", jpeg(seed=5), "image/jpeg")
    sent = client.post(path, {"csrfmiddlewaretoken": token, "file": photo})
    assert sent.status_code == 302
    order.refresh_from_db()
    assert (order.state, order.photos.get().filename, order.photos.get().replace_reason) == ("paid", "nova.jpg", "")


def test_the_new_photo_has_an_address_of_its_own_on_the_customers_page(client: Client) -> None:
    """Browsers keep the old picture for an hour under the old address."""
    old, new = jpeg(seed=1), jpeg(seed=2)
    order = paid_order([old])
    photo = order.photos.get()
    stash.release([photo.photo_id], order.number)
    services.need_photos(order, [photo.photo_id])

    def address() -> str:
        page = client.get(links.order_path(order)).content.decode()
        return html.unescape(page.partition('<image href="')[2].partition('"')[0])

    before = address()
    services.replace_photo(order, 1, stashed(new))
    assert before == f"/orders/{order.number}/photos/1.jpg?t={links.token(order)}&v={photo.sha256[:8]}"
    assert address() == before.replace(photo.sha256[:8], hashlib.sha256(new).hexdigest()[:8])
    picture = client.get(address())
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")


@pytest.mark.parametrize("state", ["pending", "ready", "shipped", "delivered", "cancelled", "expired"])
def test_no_photo_is_asked_for_before_payment_or_after_printing(state: str) -> None:
    order = OrderFactory(state=state) if state == "pending" else stored(state=state)
    order.photos.update(stored_at=timezone.now())
    with pytest.raises(InvalidTransition):
        services.ask_for_photo(order, 1, "x")
    order.refresh_from_db()
    assert (order.state, order.photos.get().missing_since, order.photos.get().replace_reason) == (state, None, "")
    assert not OutboxMessage.objects.exists()


def test_a_photo_that_is_not_stored_yet_is_not_asked_for() -> None:
    """U9: the worker that stores it must not meet a change."""
    order = OrderFactory(paid=True)
    with pytest.raises(InvalidTransition):
        services.ask_for_photo(order, 1, "x")
    assert not OutboxMessage.objects.exists()
