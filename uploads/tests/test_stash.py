"""Photo bytes in Redis: what is kept, for how long, and what happens when many arrive at once."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from django.conf import LazySettings, settings

from uploads import stash
from uploads.photo import Photo, PhotoGone, StashUnavailable, StorageFull, TooManyPhotos, UploadLost
from uploads.photo_writer import CHUNK_BYTES, UNFINISHED_SECONDS
from uploads.tests.stashed_bytes import bytes_of


def store(draft_id: str, data: bytes, name: str = "a.jpg") -> Photo:
    with stash.open_writer(draft_id, len(data)) as writer:
        writer.write(data)
        return writer.commit(filename=name, content_type="image/jpeg", width=40, height=30)


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.PHOTOS_REDIS_URL) as client:
        yield client


def photo_keys(client: redis.Redis) -> list[bytes]:
    return sorted(bytes(key) for key in client.keys("photo*") if key != b"photos:total")  # type: ignore[arg-type]  # redis-py types it for both text and bytes


def test_bytes_come_back_as_they_were_sent_whatever_the_pieces() -> None:
    """U7."""
    data = os.urandom(3 * CHUNK_BYTES + 17)
    with stash.open_writer("d") as writer:
        for start in range(0, len(data), 70_001):
            writer.write(data[start : start + 70_001])
        photo = writer.commit(filename="é.jpg", content_type="image/jpeg", width=4, height=3)
    assert bytes_of(photo.id) == data
    assert (photo.bytes, photo.chunks, photo.sha256) == (len(data), 4, hashlib.sha256(data).hexdigest())
    assert (photo.state, photo.problem, photo.filename) == ("checking", "", "é.jpg")
    assert stash.get("d", photo.id) == photo
    assert stash.photos("d") == [photo]


def test_every_key_of_a_photo_expires_with_the_draft(client: redis.Redis) -> None:
    photo = store("d", os.urandom(CHUNK_BYTES + 1))
    stash.save_preview(photo.id, b"jpeg")
    for key in client.keys(f"photo:{photo.id}*"):
        assert settings.DRAFT_TTL_SECONDS - 5 < client.ttl(key) <= settings.DRAFT_TTL_SECONDS, key
    assert 0 < client.ttl("photos:draft:d") <= settings.DRAFT_TTL_SECONDS


def test_an_unfinished_upload_expires_by_itself_and_discarded_leaves_nothing(client: redis.Redis) -> None:
    """U3."""
    writer = stash.open_writer("d", 10**6)
    writer.write(os.urandom(600_000))
    writer.close()
    chunks = client.keys(f"photo:{writer.photo_id}:*")
    assert len(chunks) == 3
    assert all(0 < client.ttl(key) <= UNFINISHED_SECONDS for key in chunks)
    assert stash.staged_bytes() == 10**6
    writer.discard()
    assert photo_keys(client) == []
    assert stash.staged_bytes() == 0
    assert stash.photos("d") == []


def test_an_upload_that_lost_a_chunk_is_not_committed(client: redis.Redis) -> None:
    writer = stash.open_writer("d")
    writer.write(os.urandom(600_000))
    writer.close()
    client.delete(f"photo:{writer.photo_id}:1")
    with pytest.raises(UploadLost):
        writer.commit(filename="a", content_type="image/jpeg", width=1, height=1)
    assert stash.photos("d") == []
    assert photo_keys(client) == []


def test_the_same_bytes_twice_are_stored_once(client: redis.Redis) -> None:
    """U4."""
    first = store("d", b"x" * 1000, "first.jpg")
    size = stash.staged_bytes()
    second = store("d", b"x" * 1000, "second.jpg")
    assert second == first
    assert stash.staged_bytes() == size
    assert len(client.keys(f"photo:{first.id}*")) == len(client.keys("photo:*"))
    other = store("another draft", b"x" * 1000)
    assert other.id != first.id


@pytest.mark.race
def test_parallel_uploads_all_arrive_and_twins_become_one() -> None:
    """U4."""
    bodies = [os.urandom(300_000 + n) for n in range(12)] * 2
    results: list[Photo] = []
    threads = [threading.Thread(target=lambda body=body: results.append(store("d", body))) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    photos = stash.photos("d")
    assert len(results) == 24
    assert sorted(photo.sha256 for photo in photos) == sorted({hashlib.sha256(body).hexdigest() for body in bodies})
    assert {hashlib.sha256(bytes_of(photo.id)).hexdigest() for photo in photos} == {photo.sha256 for photo in photos}
    assert stash.staged_bytes() == sum(photo.bytes for photo in photos)
    assert stash.recount() == 0


@pytest.mark.race
def test_the_limit_of_photos_holds_under_parallel_uploads(settings: LazySettings) -> None:
    settings.UPLOAD_MAX_PHOTOS = 5
    refused: list[Exception] = []

    def upload(body: bytes) -> None:
        try:
            store("d", body)
        except TooManyPhotos as error:
            refused.append(error)

    threads = [threading.Thread(target=upload, args=(os.urandom(1000),)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stash.photos("d")) == 5
    assert len(refused) == 7
    assert stash.staged_bytes() == 5000


def test_at_the_budget_new_uploads_are_refused_and_room_comes_back(settings: LazySettings) -> None:
    settings.UPLOADS_MEMORY_BUDGET_MB = 1
    kept = store("d", os.urandom(700_000))
    with pytest.raises(StorageFull):
        stash.open_writer("d", 400_000)
    assert bytes_of(kept.id)
    stash.remove("d", kept.id)
    assert store("d", os.urandom(400_000)).bytes == 400_000


def test_an_upload_that_lied_about_its_length_stops_at_the_budget(settings: LazySettings) -> None:
    settings.UPLOADS_MEMORY_BUDGET_MB = 9
    with stash.open_writer("d", 1) as writer, pytest.raises(StorageFull):
        writer.write(bytes(10_000_000))
    assert stash.staged_bytes() == 0


def test_expired_photos_leave_the_budget_by_themselves(settings: LazySettings, client: redis.Redis) -> None:
    settings.DRAFT_TTL_SECONDS = 1
    store("d", os.urandom(1000))
    assert stash.staged_bytes() == 1000
    time.sleep(1.2)
    assert stash.staged_bytes() == 0
    assert photo_keys(client) == []


def test_an_order_keeps_its_photos_after_the_draft_lost_them(client: redis.Redis) -> None:
    """C66, U9."""
    photo = store("d", b"abc" * 1000)
    assert stash.hold([photo.id, "gone"], "PO-1", 100) == 1
    assert stash.hold([photo.id], "PO-2", 200) == 1
    assert stash.remove("d", photo.id)
    assert stash.get("d", photo.id) is None
    assert stash.photos("d") == []
    assert stash.held("PO-1") == [photo.id]
    assert 190 < client.ttl(f"photo:{photo.id}:0") <= 200
    stash.release([photo.id], "PO-2")
    assert 90 < client.ttl(f"photo:{photo.id}:0") <= 100
    assert bytes_of(photo.id) == b"abc" * 1000
    stash.release([photo.id], "PO-1")
    assert not stash.exists(photo.id)
    assert photo_keys(client) == []
    assert stash.staged_bytes() == 0


def test_a_photo_uploaded_again_after_its_removal_is_a_new_one() -> None:
    photo = store("d", b"abc")
    stash.hold([photo.id], "PO-1", 100)
    stash.remove("d", photo.id)
    again = store("d", b"abc")
    assert again.id != photo.id
    assert [photo.id for photo in stash.photos("d")] == [again.id]


def test_prolonging_lengthens_and_never_shortens(client: redis.Redis) -> None:
    photo = store("d", b"abc")
    stash.prolong("d", settings.DRAFT_TTL_SECONDS * 3)
    stash.prolong("d", 10)
    for key in (f"photo:{photo.id}", f"photo:{photo.id}:0", "photos:draft:d"):
        assert client.ttl(key) > settings.DRAFT_TTL_SECONDS * 3 - 10


def test_dropping_a_draft_deletes_what_no_order_holds() -> None:
    kept, lost = store("d", b"1"), store("d", b"2")
    stash.hold([kept.id], "PO-1", 100)
    stash.drop("d")
    assert stash.exists(kept.id)
    assert not stash.exists(lost.id)
    assert stash.photos("d") == []


def test_a_photo_of_another_draft_can_neither_be_seen_nor_removed() -> None:
    """C62."""
    photo = store("d", b"1")
    assert stash.get("e", photo.id) is None
    assert not stash.remove("e", photo.id)
    assert stash.exists(photo.id)


def test_a_missing_chunk_is_noticed_when_reading(client: redis.Redis) -> None:
    photo = store("d", os.urandom(CHUNK_BYTES * 2))
    client.delete(f"photo:{photo.id}:1")
    with pytest.raises(PhotoGone):
        bytes_of(photo.id)


def test_checks_that_nobody_finished_come_up_again() -> None:
    photo = store("d", b"1")
    assert stash.overdue(5) == []
    time.sleep(0.05)
    assert stash.overdue(0.01) == [("d", photo.id)]
    assert stash.overdue(0.01) == []
    time.sleep(0.05)
    stash.mark_ready("d", photo.id, width=7, height=5)
    assert stash.overdue(0) == []
    ready = stash.get("d", photo.id)
    assert ready is not None
    assert (ready.state, ready.width, ready.height) == ("ready", 7, 5)


def test_marking_a_photo_that_is_gone_creates_nothing(client: redis.Redis) -> None:
    assert not stash.mark_broken("d", "nothing", "image_broken")
    assert not stash.save_preview("nothing", b"x")
    assert photo_keys(client) == []


def test_a_redis_that_is_away_shows_as_unavailable(settings: LazySettings) -> None:
    settings.PHOTOS_REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(StashUnavailable):
        stash.open_writer("d", 1)
    with pytest.raises(StashUnavailable):
        stash.photos("d")
