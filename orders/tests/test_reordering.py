"""Ordering again with one click: the photos come back from S3, the prints at today's prices (U3, U4, O8)."""

import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from orders import catalogue, drafts, fulfilment, links, photo_retention, reordering
from orders.models import Order, PriceTier, Product
from orders.tests.paid_orders import jpeg, paid_order
from outbox.models import OutboxMessage
from uploads import stash, storage
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db(transaction=True)
CROP = {"x": 0.1, "y": 0.1, "width": 0.8, "height": 0.8}


def stored_order(count: int = 2) -> Order:
    catalogue.install_default_catalogue()
    order = paid_order([jpeg(seed=seed) for seed in range(count)], item={"crop": CROP})
    fulfilment.store(order.pk)
    order.refresh_from_db()
    return order


def press(client: Client, order: Order) -> str:
    answer = client.post(f"{reverse('order-reorder', args=[order.number])}?t={links.token(order)}")
    assert answer.status_code == 302
    return str(answer["Location"])


def run() -> None:
    for message in OutboxMessage.objects.filter(task="orders.bring_back"):
        reordering.bring_back(**message.payload)


def draft_of(client: Client) -> drafts.Draft:
    draft = drafts.get(client.session[drafts.SESSION_KEY])
    assert draft is not None
    return draft


def test_one_click_brings_photos_and_prints_back_at_todays_prices(client: Client, s3: S3Server) -> None:
    order = stored_order()
    PriceTier.objects.filter(product__code="10x15").update(unit_cents=99)
    waiting = press(client, order)
    shown = client.get(waiting)
    assert shown["Refresh"] == "2"
    assert stash.photos(draft_of(client).id) == []
    run()
    run()
    ended = client.get(waiting, follow=True)
    assert "preços de hoje" in ended.content.decode()
    draft = draft_of(client)
    photos = stash.photos(draft.id)
    assert [b"".join(stash.chunks(photo.id)) for photo in photos] == [jpeg(seed=0), jpeg(seed=1)]
    assert [photo.filename for photo in photos] == ["foto 1.jpg", "foto 2.jpg"]
    assert [(row["photo"], row["quantity"], row["product"]) for row in draft.items] == [
        (photo.id, 2, "10x15") for photo in photos
    ]
    assert draft.items[0]["crop"]["width"] == pytest.approx(0.8)
    totals = client.get("/api/v1/drafts/current/").json()["totals"]
    assert (totals["items_cents"], totals["prints"]) == (4 * 99, 4)


def test_what_was_begun_is_kept_and_a_second_click_adds_nothing(client: Client, s3: S3Server) -> None:
    """U4: the same bytes are stored once; U5: nothing begun is lost."""
    order = stored_order(1)
    client.get("/api/v1/drafts/current/")
    before = draft_of(client)
    with stash.open_writer(before.id) as writer:
        writer.write(b"begun")
        begun = writer.commit(filename="b.jpg", content_type="image/jpeg", width=1800, height=1200)
    for _click in range(2):
        press(client, order)
        press(client, order)
        run()
    draft = draft_of(client)
    assert draft.id == before.id
    assert len(stash.photos(draft.id)) == 2
    assert begun.id in [photo.id for photo in stash.photos(draft.id)]
    assert len(draft.items) == 1


def test_photos_deleted_since_are_said_to_be_gone(client: Client, s3: S3Server) -> None:
    """O8."""
    order = stored_order()
    waiting = press(client, order)
    storage.delete(order.photos.get(seq=2).storage_key)
    run()
    assert "já não estão guardadas" in client.get(waiting, follow=True).content.decode()
    assert draft_of(client).items == []


def test_without_photos_there_is_no_button_and_nothing_is_planned(client: Client, s3: S3Server) -> None:
    order = stored_order(1)
    page = links.order_path(order)
    assert reverse("order-reorder", args=[order.number]) in client.get(page).content.decode()
    photo_retention.delete(order)
    shown = client.get(page).content.decode()
    assert reverse("order-reorder", args=[order.number]) not in shown
    assert "foram apagadas" in shown
    press(client, order)
    assert not OutboxMessage.objects.filter(task="orders.bring_back").exists()


def test_a_size_no_longer_on_sale_is_left_out_and_said(client: Client, s3: S3Server) -> None:
    order = stored_order(1)
    Product.objects.filter(code="10x15").update(active=False)
    waiting = press(client, order)
    run()
    assert "já não estão à venda" in client.get(waiting, follow=True).content.decode()
    draft = draft_of(client)
    assert (draft.items, len(stash.photos(draft.id))) == ([], 1)


def test_an_outage_is_tried_again_and_giving_up_is_said(client: Client, s3: S3Server) -> None:
    """C50."""
    order = stored_order(1)
    waiting = press(client, order)
    s3.stop()
    with pytest.raises(storage.StorageUnavailable):
        run()
    assert client.get(waiting).status_code == 200
    reordering.gave_up(order.pk, draft_of(client).id)
    assert "não puderam ser obtidas" in client.get(waiting, follow=True).content.decode()


@pytest.mark.parametrize("token", ["", "?t=x"])
def test_without_the_link_nothing_is_fetched(client: Client, s3: S3Server, token: str) -> None:
    """S4, C62."""
    order = stored_order(1)
    assert client.post(reverse("order-reorder", args=[order.number]) + token).status_code == 404
    assert client.get(reverse("reordering", args=[order.number])).status_code == 404
    assert not OutboxMessage.objects.filter(task="orders.bring_back").exists()


def test_a_turned_print_is_stored_turned_and_comes_back_turned(client: Client, s3: S3Server) -> None:
    """U8: from the order to its print file in S3 and its manifest, and into the draft that orders it again."""
    catalogue.install_default_catalogue()
    turned = {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0, "turn": 90}
    order = paid_order([jpeg()], item={"crop": turned})
    photo = order.photos.get()
    assert photo.width > photo.height
    fulfilment.store(order.pk)
    files = s3.files()
    with Image.open(io.BytesIO(next(data for key, data in files.items() if "/prints/" in key))) as print_file:
        assert print_file.width < print_file.height
    manifest = json.loads(next(data for key, data in files.items() if key.endswith("/manifest.json")))
    assert manifest["items"][0]["crop"] == turned
    order.refresh_from_db()
    press(client, order)
    run()
    assert [row["crop"] for row in draft_of(client).items] == [turned]
