"""S3 as the shop uses it: identical bytes, verified, in bounded memory, with named errors (U7, U9, C50)."""

import base64
import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from uploads import storage
from uploads.tests.s3_server import S3Server


@pytest.fixture
def s3(settings: LazySettings, tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path)
    server.start()
    server.use(settings)
    yield server
    server.stop()


def chunks_of(data: bytes, size: int = 256 * 1024) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def put(key: str, data: bytes, *, size: int | None = None, sha256: str = "") -> None:
    digest = sha256 or hashlib.sha256(data).hexdigest()
    storage.put_stream(
        key, chunks_of(data), size=len(data) if size is None else size, sha256=digest, content_type="image/jpeg"
    )


@pytest.mark.parametrize("size", [0, 1, storage.PART_BYTES - 1, storage.PART_BYTES, storage.PART_BYTES + 1, 20_000_000])
def test_the_bytes_in_s3_equal_the_bytes_given(s3: S3Server, size: int) -> None:
    """U7: identical, below, at and above the size of a part."""
    data = random.Random(size).randbytes(size)
    put("orders/a.jpg", data)
    assert s3.files() == {"orders/a.jpg": data}
    assert b"".join(storage.open_stream("orders/a.jpg")) == data
    assert storage.sha256_of("orders/a.jpg") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [1000, 20_000_000])
def test_bytes_of_another_checksum_are_refused_and_leave_nothing(s3: S3Server, size: int) -> None:
    """U7: what Redis hands over damaged is never stored."""
    with pytest.raises(storage.ContentMismatch):
        put("orders/a.jpg", random.Random(1).randbytes(size), sha256="0" * 64)
    assert s3.files() == {}


@pytest.mark.parametrize("size", [1000, 20_000_000])
def test_bytes_cut_short_are_refused_and_leave_nothing(s3: S3Server, size: int) -> None:
    """U7: a chunk lost on the way is never stored as the photo."""
    with pytest.raises(storage.ContentMismatch):
        put("orders/a.jpg", random.Random(1).randbytes(size), size=size + 1)
    assert s3.files() == {}


def test_storing_again_replaces_the_object_by_the_same(s3: S3Server) -> None:
    """U9: a repeated call is harmless."""
    put("orders/a.jpg", b"photo")
    put("orders/a.jpg", b"photo")
    assert s3.files() == {"orders/a.jpg": b"photo"}


def test_the_checksum_is_kept_with_the_object(s3: S3Server) -> None:
    """U7: the SHA-256 travels as metadata."""
    put("orders/a.jpg", b"photo")
    stored = storage.head("orders/a.jpg")
    assert stored is not None
    assert (stored.bytes, stored.sha256) == (5, hashlib.sha256(b"photo").hexdigest())


def test_a_server_that_damages_a_part_is_noticed(s3: S3Server) -> None:
    """U7: Content-MD5 goes with every request, and the server refuses what does not match it."""
    with pytest.raises(storage.StorageUnavailable, match="BadDigest"), storage._named_errors("a.jpg"):
        storage.client().put_object(
            Bucket=storage.bucket(),
            Key="a.jpg",
            Body=b"photo",
            ContentMD5=base64.b64encode(storage._md5(b"other")).decode(),
        )
    assert s3.files() == {}


def test_what_is_not_there_is_told_apart_from_an_outage(s3: S3Server) -> None:
    assert storage.head("orders/none.jpg") is None
    with pytest.raises(storage.ObjectMissing):
        storage.open_stream("orders/none.jpg")
    storage.delete("orders/none.jpg")


def test_listing_names_every_object_under_a_prefix(s3: S3Server) -> None:
    for key in ("orders/1/a.jpg", "orders/1/b.jpg", "orders/2/a.jpg"):
        storage.put_bytes(key, key.encode(), "image/jpeg")
    assert [(entry.key, entry.bytes) for entry in storage.listing("orders/1/")] == [
        ("orders/1/a.jpg", 14),
        ("orders/1/b.jpg", 14),
    ]
    storage.delete("orders/1/a.jpg")
    assert [entry.key for entry in storage.listing("orders/")] == ["orders/1/b.jpg", "orders/2/a.jpg"]


def test_an_outage_is_unavailable_within_ten_seconds_and_ends(s3: S3Server) -> None:
    """C50: S3 away is an error that is tried again, found quickly, and gone when S3 is back."""
    s3.stop()
    start = time.monotonic()
    with pytest.raises(storage.StorageUnavailable):
        put("orders/a.jpg", b"photo")
    assert time.monotonic() - start < 10
    s3.start()
    put("orders/a.jpg", b"photo")
    assert s3.files() == {"orders/a.jpg": b"photo"}


def test_wrong_credentials_and_a_missing_bucket_are_refused(s3: S3Server, settings: LazySettings) -> None:
    """Trying again cannot help: StorageRefused, not StorageUnavailable."""
    s3.use(settings, secret="wrong")
    with pytest.raises(storage.StorageRefused):
        put("orders/a.jpg", b"photo")
    s3.use(settings)
    (s3.folder / "photoorders").rmdir()
    with pytest.raises(storage.StorageRefused, match="NoSuchBucket"):
        put("orders/a.jpg", b"photo")
