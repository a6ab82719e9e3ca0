"""Files in S3, through django-storages' configured client: streamed in with bounded memory, verified, streamed out.

How an upload is verified: the bytes' SHA-256 is computed while they pass and must equal the one known from the upload;
each request carries Content-MD5 (every S3 server checks it) and a checksum of its own (SHA-256 for a small object,
CRC32 for the parts of a large one, which S3 itself checks); the server's ETag must be the MD5 of what was sent, and where
it is none (encryption by KMS) the object's size is read back.
"""

import base64
import datetime
import functools
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import default_storage

from outbox.network import refuse_open_transaction

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedMultipartUploadTypeDef, CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024  # what an upload holds at once; S3 wants parts of at least 5 MiB
READ_BYTES = 256 * 1024
PASSING_CODES = {
    "BadDigest",
    "RequestTimeout",
    "SlowDown",
    "InternalError",
    "RequestTimeTooSkewed",
    "OperationAborted",
    "NoSuchUpload",
}
MISSING_CODES = {"404", "NoSuchKey", "NotFound"}

_lock = threading.Lock()


class StorageError(Exception):
    """Something about S3; never raised itself."""


class StorageUnavailable(StorageError):
    """S3 is away, slow or overloaded: trying again later helps."""


class StorageRefused(StorageError):
    """S3 says no (credentials, bucket, rights): trying again helps only after somebody mended it."""


class ObjectMissing(StorageError):
    """There is no object of that key."""


class ContentMismatch(StorageError):
    """The bytes given are not those of the checksum; nothing was stored."""


@dataclass(frozen=True)
class StoredObject:
    """What S3 says of an object; `sha256` (hex) is empty where the server kept no metadata."""

    key: str
    bytes: int
    sha256: str
    modified_at: datetime.datetime
    etag: str = ""


def put_stream(key: str, chunks: Iterable[bytes], *, size: int, sha256: str, content_type: str) -> None:
    """Stores `size` bytes whose SHA-256 (hex) is known, holding PART_BYTES of them at once (U7).

    Raises ContentMismatch, StorageUnavailable or StorageRefused; the object then is absent or as it was before.
    Storing the same key again replaces it with the same bytes, so a repeated call is harmless.
    """
    if size > PART_BYTES:
        _put_in_parts(key, chunks, size=size, sha256=sha256, content_type=content_type)
        return
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > size:
            raise ContentMismatch(key)
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        raise ContentMismatch(key)
    _put(key, data, sha256, content_type)


def put_bytes(key: str, data: bytes, content_type: str) -> str:
    """Stores a small object that is in memory anyway; its SHA-256 (hex)."""
    sha256 = hashlib.sha256(data).hexdigest()
    _put(key, data, sha256, content_type)
    return sha256


def open_stream(key: str) -> Iterator[bytes]:
    """The object's bytes in pieces of READ_BYTES; ObjectMissing at once where there is none."""
    with _named_errors(key):
        body = client().get_object(Bucket=bucket(), Key=key)["Body"]

    def pieces() -> Iterator[bytes]:
        with _named_errors(key), body:
            yield from body.iter_chunks(READ_BYTES)

    return pieces()


def read(key: str) -> bytes:
    """A small object whole (thumbnails, manifests)."""
    return b"".join(open_stream(key))


def head(key: str) -> StoredObject | None:
    """What S3 knows of the object, None where there is none."""
    try:
        with _named_errors(key):
            answer = client().head_object(Bucket=bucket(), Key=key)
    except ObjectMissing:
        return None
    metadata = {name.lower(): value for name, value in answer["Metadata"].items()}
    return StoredObject(key, answer["ContentLength"], metadata.get("sha256", ""), answer["LastModified"])


def sha256_of(key: str) -> str:
    """The SHA-256 (hex) of the stored bytes themselves, read as a stream; ObjectMissing where there are none."""
    digest = hashlib.sha256()
    for piece in open_stream(key):
        digest.update(piece)
    return digest.hexdigest()


def listing(prefix: str = "") -> Iterator[StoredObject]:
    """Every object under a prefix, page by page; without checksums, which S3 does not list."""
    with _named_errors(prefix):
        for page in client().get_paginator("list_objects_v2").paginate(Bucket=bucket(), Prefix=prefix):
            for entry in page.get("Contents", []):
                yield StoredObject(entry["Key"], entry["Size"], "", entry["LastModified"], entry["ETag"].strip('"'))


def delete(key: str) -> None:
    """Deletes the object; one that is absent is no error."""
    with _named_errors(key):
        client().delete_object(Bucket=bucket(), Key=key)


def client() -> "S3Client":
    """The boto3 client as django-storages configured it, one for all threads of a process (making one costs 0.1 s)."""
    with _lock:
        bucket()  # sets the lazy default_storage up
        return _client(_storage()._wrapped, os.getpid())


@functools.lru_cache(maxsize=1)
def _client(configured: Any, process: int) -> "S3Client":
    return cast("S3Client", configured.connection.meta.client)


def bucket() -> str:
    return str(_storage().bucket_name)


def _parts(chunks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytearray]:
    """The chunks gathered into parts of PART_BYTES (the last is what remains), fed to `digest` on their way.

    All parts share one buffer: each is good until the next is asked for.
    """
    part = bytearray()
    for chunk in chunks:
        digest.update(chunk)
        room = PART_BYTES - len(part)
        part += chunk[:room] if len(chunk) > room else chunk
        if len(part) == PART_BYTES:
            yield part
            part[:] = chunk[room:]
    if part:
        yield part


def _put(key: str, data: bytes | bytearray, sha256: str, content_type: str) -> None:
    md5 = _md5(data)
    with _named_errors(key):
        answer = client().put_object(
            Bucket=bucket(),
            Key=key,
            Body=cast("bytes", data),  # botocore takes a bytearray as well
            ContentType=content_type,
            ContentMD5=base64.b64encode(md5).decode(),
            ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
            Metadata={"sha256": sha256},
        )
    _confirm(key, len(data), answer["ETag"], md5.hex())


def _put_in_parts(key: str, chunks: Iterable[bytes], *, size: int, sha256: str, content_type: str) -> None:
    """A multipart upload, completed only when all bytes passed and were the right ones, else aborted."""
    digest = hashlib.sha256()
    s3, name = client(), bucket()
    with _named_errors(key):
        upload = s3.create_multipart_upload(
            Bucket=name, Key=key, ContentType=content_type, ChecksumAlgorithm="CRC32", Metadata={"sha256": sha256}
        )["UploadId"]
        try:
            done, passed, md5s = [], 0, b""
            for number, part in enumerate(_parts(chunks, digest), start=1):
                passed += len(part)
                md5 = _md5(part)
                done.append(_put_part(s3, key, upload, number, part, md5))
                md5s += md5
            if passed != size or digest.hexdigest() != sha256:
                raise ContentMismatch(key)
            parts_done: CompletedMultipartUploadTypeDef = {"Parts": done}
            answer = s3.complete_multipart_upload(Bucket=name, Key=key, UploadId=upload, MultipartUpload=parts_done)
        except BaseException:  # also where the task is told to stop: no parts stay behind
            _abort(s3, key, upload)
            raise
    _confirm(key, size, answer["ETag"], f"{_md5(md5s).hex()}-{len(done)}")


def _put_part(
    s3: "S3Client", key: str, upload: str, number: int, part: bytearray, md5: bytes
) -> "CompletedPartTypeDef":
    answer = s3.upload_part(
        Bucket=bucket(),
        Key=key,
        UploadId=upload,
        PartNumber=number,
        Body=cast("bytes", part),
        ContentMD5=base64.b64encode(md5).decode(),
        ChecksumAlgorithm="CRC32",
    )
    completed: CompletedPartTypeDef = {"ETag": answer["ETag"], "PartNumber": number}
    if answer.get("ChecksumCRC32"):
        completed["ChecksumCRC32"] = answer["ChecksumCRC32"]
    return completed


def _abort(s3: "S3Client", key: str, upload: str) -> None:
    """Gives the parts back; where even that fails the bucket's lifecycle rule clears them (docs/operating.md)."""
    try:
        s3.abort_multipart_upload(Bucket=bucket(), Key=key, UploadId=upload)
    except (BotoCoreError, ClientError):
        return


def _confirm(key: str, size: int, etag: str, md5: str) -> None:
    """S3 has these bytes: its ETag is their MD5; where a server's ETag is something else, at least the size must be theirs."""
    if etag.strip('"').lower() == md5:
        return
    stored = head(key)
    if stored is None or stored.bytes != size:
        raise StorageUnavailable(f"{key}: S3 took {size} bytes and now shows {stored and stored.bytes}")


def _md5(data: bytes | bytearray) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


@contextmanager
def _named_errors(key: str) -> Iterator[None]:
    """Around each call of S3: refused inside a transaction (C42); botocore's errors become this module's."""
    refuse_open_transaction()
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in MISSING_CODES:
            raise ObjectMissing(key) from error
        if code in PASSING_CODES or status in (408, 409, 429) or status >= 500:
            raise StorageUnavailable(f"{key}: {code}") from error
        raise StorageRefused(f"{key}: {code}") from error
    except BotoCoreError as error:
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError"):
            raise StorageRefused(f"{key}: {error}") from error
        raise StorageUnavailable(f"{key}: {type(error).__name__}") from error
    except OSError as error:  # a body that breaks off while it is read
        raise StorageUnavailable(f"{key}: {type(error).__name__}") from error


def _storage() -> Any:
    """Django's default storage, lazily made, which is django-storages' for S3; that has no types."""
    return default_storage
