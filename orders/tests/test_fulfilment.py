"""From a paid order to its folder in S3, and out of Redis only then (U7, U9, U10, C49, C50)."""

import hashlib
import io
import json
import threading
from pathlib import Path

import pytest
from django.db import connection
from PIL import Image

from orders import fulfilment, originals, print_process
from orders.models import Order, OrderEvent, OrderItem, OrderPhoto
from orders.tests.factories import OrderItemFactory
from orders.tests.paid_orders import grid, jpeg, paid_order, stashed
from outbox.models import OutboxMessage
from uploads import stash, storage
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db(transaction=True)


def folder(order: Order) -> str:
    return f"orders/{order.paid_at:%Y/%m/%d}/{order.number}"


def originals_in(s3: S3Server) -> list[bytes]:
    return [data for key, data in s3.files().items() if "/originals/" in key]


def left_in_redis(order: Order) -> list[str]:
    return [photo.photo_id for photo in order.photos.all() if stash.exists(photo.photo_id)]


def test_a_paid_order_lies_whole_in_its_folder(s3: S3Server) -> None:
    """U7: originals byte for byte, thumbnails, print files and the manifest, under the names of DESIGN §3."""
    photos = [jpeg(seed=1), jpeg(seed=2)]
    order = paid_order(photos, filenames=["Praia da Rocha.JPG", "写真.jpg"])
    fulfilment.store(order.pk)
    files = s3.files()
    base, number = folder(order), order.number
    assert list(files) == [
        f"{base}/manifest.json",
        f"{base}/originals/001_praia-da-rocha.jpg",
        f"{base}/originals/002_xiezhen.jpg",
        f"{base}/prints/10x15_matte/{number}_10x15_matte_2x_001_praia-da-rocha.jpg",
        f"{base}/prints/10x15_matte/{number}_10x15_matte_2x_002_xiezhen.jpg",
        f"{base}/thumbnails/001_praia-da-rocha.jpg",
        f"{base}/thumbnails/002_xiezhen.jpg",
    ]
    assert originals_in(s3) == photos
    order.refresh_from_db()
    assert order.stored_at is not None
    assert order.photos.filter(stored_at=None).count() == 0
    assert [event.kind for event in OrderEvent.objects.filter(order=order)] == ["stored"]


def test_the_manifest_names_every_file_with_its_checksum_and_nobody(s3: S3Server) -> None:
    order = paid_order([jpeg(seed=1)], filenames=["Férias da Maria.jpg"])
    fulfilment.store(order.pk)
    files = s3.files()
    text = files[f"{folder(order)}/manifest.json"].decode()
    content = json.loads(text)
    for entry in [*content["photos"], *content["items"]]:
        assert entry["sha256"] == hashlib.sha256(files[entry["key"]]).hexdigest()
        assert entry["bytes"] == len(files[entry["key"]])
    assert content["order"] == order.number
    assert content["items"][0] | {"key": "", "sha256": "", "bytes": 0} == {
        "photo": 1,
        "product": "10x15",
        "width_mm": 100,
        "height_mm": 150,
        "finish": "matte",
        "quantity": 2,
        "fit": "crop",
        "border_mm": 0,
        "crop": None,
        "dpi": 304,
        "key": "",
        "bytes": 0,
        "sha256": "",
    }
    for personal in (order.name, order.email, order.phone, order.street, order.nif, "Férias"):
        assert personal not in text


def test_photos_leave_redis_once_s3_has_them(s3: S3Server) -> None:
    """U9"""
    order = paid_order([jpeg(seed=1), jpeg(seed=2)])
    assert len(left_in_redis(order)) == 2
    fulfilment.store(order.pk)
    assert left_in_redis(order) == []
    assert stash.held(order.number) == []


def test_photos_stay_in_redis_while_s3_is_away_and_are_stored_when_it_is_back(s3: S3Server) -> None:
    """U9, C50: an outage loses nothing and doubles nothing."""
    photos = [jpeg(seed=1), jpeg(seed=2)]
    order = paid_order(photos)
    s3.stop()
    with pytest.raises(storage.StorageUnavailable):
        fulfilment.store(order.pk)
    assert [b"".join(originals.chunks(photo)) for photo in order.photos.all()] == photos
    assert order.photos.exclude(stored_at=None).count() == 0
    s3.start()
    fulfilment.store(order.pk)
    assert originals_in(s3) == photos
    assert left_in_redis(order) == []


def test_the_draft_lets_go_of_the_photos_too(s3: S3Server) -> None:
    """DESIGN §3: with the last photo in S3 nothing of the order waits in Redis any longer."""
    order = paid_order([jpeg(seed=1)], draft_id="draft")
    not_ordered = stashed(jpeg(seed=2))
    assert stash.photos("draft") == [stash.find(not_ordered.id)]
    fulfilment.store(order.pk)
    assert stash.photos("draft") == []
    assert not stash.exists(not_ordered.id)


def test_storing_again_changes_nothing(s3: S3Server) -> None:
    """U9: the same files, the same rows, one event."""
    order = paid_order([jpeg(seed=1)])
    fulfilment.store(order.pk)
    files, rows = s3.files(), list(OrderPhoto.objects.values())
    fulfilment.store(order.pk)
    assert s3.files() == files
    assert list(OrderPhoto.objects.values()) == rows
    assert OrderEvent.objects.filter(order=order, kind="stored").count() == 1


def test_storing_goes_on_where_a_killed_worker_stopped(s3: S3Server, settings: object) -> None:
    """U9: what is marked is not stored again, what is made is not made again, the manifest is complete all the same."""
    order = paid_order([jpeg(seed=1), jpeg(seed=2), jpeg(seed=3)])
    fulfilment.store(order.pk)
    whole = s3.files()
    order.photos.filter(seq=3).update(stored_at=None, storage_key="", thumbnail_key="")  # as if killed before the third
    OrderItem.objects.filter(order=order, photo__seq=3).update(printed_at=None, print_key="")
    Order.objects.filter(pk=order.pk).update(stored_at=None)
    key = f"{folder(order)}/manifest.json"
    storage.delete(key)
    fulfilment.store(order.pk)  # the third photo is gone from Redis, but S3 has it
    assert s3.files() == whole


def test_two_workers_on_one_order_store_each_photo_once(s3: S3Server) -> None:
    """U9: the second stands back, and nothing is doubled."""
    order = paid_order([jpeg(seed=n) for n in range(6)])
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        try:
            fulfilment.store(order.pk)
            outcomes.append("stored")
        except fulfilment.BeingStored:
            outcomes.append("stood back")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stood back", "stored"]
    assert len(originals_in(s3)) == 6
    assert OrderEvent.objects.filter(order=order, kind="stored").count() == 1


def test_photos_that_are_gone_are_asked_for_again_and_the_others_kept(s3: S3Server) -> None:
    """C49: the order waits for the photos; what S3 has stays."""
    order = paid_order([jpeg(seed=1), jpeg(seed=2)])
    lost = order.photos.get(seq=2)
    stash.release([lost.photo_id], order.number)
    fulfilment.store(order.pk)
    order.refresh_from_db()
    assert order.state == Order.State.NEEDS_PHOTOS
    assert order.stored_at is None
    assert list(order.photos.filter(missing_since__isnull=False)) == [lost]
    assert originals_in(s3) == [jpeg(seed=1)]
    assert OutboxMessage.objects.filter(task="orders.email_customer", payload__kind="needs_photos").count() == 1


def test_bytes_damaged_in_redis_are_asked_for_again(s3: S3Server) -> None:
    """U7: what is not what was uploaded is never stored as if it were."""
    order = paid_order([jpeg(seed=1)])
    order.photos.update(sha256="0" * 64)
    fulfilment.store(order.pk)
    order.refresh_from_db()
    assert order.state == Order.State.NEEDS_PHOTOS
    assert s3.files() == {}


@pytest.mark.parametrize("state", ["pending", "expired", "cancelled"])
def test_an_order_that_is_not_paid_for_is_not_stored(s3: S3Server, state: str) -> None:
    order = paid_order([jpeg(seed=1)])
    Order.objects.filter(pk=order.pk).update(state=state)
    fulfilment.store(order.pk)
    assert s3.files() == {}


def test_prints_and_thumbnails_carry_no_metadata_and_originals_keep_theirs(s3: S3Server) -> None:
    """U7: neither GPS nor comment nor camera in what is made; the original is untouched."""
    data = jpeg(seed=1, gps=True, orientation=6)
    order = paid_order([data])
    fulfilment.store(order.pk)
    for key, file in s3.files().items():
        if "/prints/" in key or "/thumbnails/" in key:
            with Image.open(io.BytesIO(file)) as image:
                assert dict(image.getexif()) == {}
                assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "icc_profile"}
            assert b"Maria" not in file
            assert b"Camera" not in file
    assert originals_in(s3) == [data]


def test_items_that_would_share_a_name_get_a_number(s3: S3Server) -> None:
    """The same photo twice in one size, cut differently: two files."""
    order = paid_order([jpeg(seed=1)])
    photo = order.photos.get()
    OrderItemFactory(photo=photo, crop={"x": 0.0, "y": 0.0, "width": 0.5, "height": 0.5})
    fulfilment.store(order.pk)
    prints = [Path(key).name for key in s3.files() if "/prints/" in key]
    assert prints == [
        f"{order.number}_10x15_matte_2x_001_foto-1-2.jpg",
        f"{order.number}_10x15_matte_2x_001_foto-1.jpg",
    ]


def test_a_photo_that_cannot_be_decoded_stops_the_prints_but_not_the_originals(s3: S3Server) -> None:
    """U2: the original is safe in S3, the photo stays in Redis, and the work is tried again."""
    order = paid_order([jpeg(seed=1)])
    photo = order.photos.get()
    broken = jpeg(seed=1)[:2000]
    with stash.open_writer("draft", len(broken)) as writer:
        writer.write(broken)
        short = writer.commit(filename="x.jpg", content_type="image/jpeg", width=1800, height=1200)
    order.photos.update(photo_id=short.id, bytes=len(broken), sha256=short.sha256)
    with pytest.raises(print_process.PrintsFailed):
        fulfilment.store(order.pk)
    assert originals_in(s3) == [broken]
    assert stash.exists(short.id)
    order.refresh_from_db()
    assert order.stored_at is None
    assert photo.pk


def test_a_dead_print_process_is_replaced(s3: S3Server) -> None:
    """U2: the process that decodes may die; the next photo gets a new one."""
    maker = print_process.PrintProcess()
    data = jpeg(seed=1)
    first = maker.make([data], len(data), 1800, 1200, [])
    assert maker._process is not None
    maker._process.kill()
    maker._process.wait()
    assert maker.make([data], len(data), 1800, 1200, []) == first
    maker.close()


def test_prints_of_an_order_are_made_side_by_side(s3: S3Server) -> None:
    """Two processes share an order's photos, and each print is of its own photo."""
    print_process.shared.close()
    order = paid_order([jpeg(seed=seed) for seed in (1, 2, 3)])
    fulfilment.store(order.pk)
    children = [child._process for child in print_process.shared._all if child._process is not None]
    assert len(children) == print_process.AT_ONCE == 2
    assert order.items.filter(printed_at=None).count() == 0
    assert order.photos.filter(thumbnail_key="").count() == 0


def test_the_thumbnail_shows_the_photo_upright(s3: S3Server) -> None:
    """U1: stored on its side, shown upright."""
    upright = grid(600, 900)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=95, exif=exif)
    order = paid_order([out.getvalue()])
    fulfilment.store(order.pk)
    thumbnail = next(data for key, data in s3.files().items() if "/thumbnails/" in key)
    with Image.open(io.BytesIO(thumbnail)) as image:
        assert image.size == (320, 480)
        for x, y in ((20, 20), (300, 20), (20, 460), (300, 460)):
            expected = upright.resize((320, 480)).getpixel((x, y))
            assert all(abs(a - b) < 12 for a, b in zip(image.getpixel((x, y)), expected, strict=True))  # type: ignore[arg-type]  # an RGB pixel is a tuple
