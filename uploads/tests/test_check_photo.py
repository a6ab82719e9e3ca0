"""The worker's check: decoded once in limits, previewed upright in the right colours, or found broken (U1, U2, U7)."""

import io
import random
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pillow_heif
import pytest
from celery import current_app
from django.conf import LazySettings
from PIL import Image, ImageCms

from uploads import decode, receive, stash, tasks
from uploads.photo import Photo
from uploads.tests.pictures import BLUE, GREEN, RED, WHITE, close, corners, encoded, jpeg, noise, quarters, turned
from uploads.tests.stashed_bytes import bytes_of

pillow_heif.register_heif_opener()
SEEN = [RED, GREEN, BLUE, WHITE]


@pytest.fixture(scope="module", autouse=True)
def decoder_ends() -> Iterator[None]:
    yield
    decode.shared.close()


def checked(data: bytes, name: str = "a") -> Photo:
    """The photo after its check."""
    photo = receive.receive("d", [data], filename=name).photo
    tasks.check_photo("d", photo.id)
    after = stash.get("d", photo.id)
    assert after is not None
    return after


def preview(photo: Photo) -> Image.Image:
    data = stash.preview(photo.id)
    assert data is not None, photo
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    body = head + b"".join(extra) + png_chunk(b"IDAT", zlib.compress(rows, 9)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_shown_upright(orientation: int) -> None:
    """U1: with the upright size in the answer to the upload already."""
    data = turned(orientation)
    photo = receive.receive("d", [data], filename="a").photo
    assert (photo.width, photo.height) == (160, 120)
    after = checked(data)
    assert (after.state, after.width, after.height) == ("ready", 160, 120)
    assert close(corners(preview(after)), SEEN)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_every_format_is_taken(kind: str) -> None:
    """U1."""
    photo = checked(encoded(quarters(320, 240), kind, quality=95))
    assert (photo.state, photo.width, photo.height) == ("ready", 320, 240)
    assert close(corners(preview(photo)), SEEN)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_the_other_formats_turn_by_exif_too(kind: str) -> None:
    """U1."""
    exif = Image.Exif()
    exif[274] = 6
    image = quarters(320, 240).transpose(Image.Transpose.ROTATE_90)
    photo = checked(encoded(image, kind, exif=exif))
    assert (photo.state, photo.width, photo.height) == ("ready", 320, 240)
    assert close(corners(preview(photo)), SEEN)


def test_a_heic_turned_by_its_own_box_is_upright_once() -> None:
    """U1: the decoder turns it; the EXIF block must not turn it again."""
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(quarters(320, 240).transpose(Image.Transpose.ROTATE_90), "HEIF", quality=95, exif=exif.tobytes())
    photo = checked(data)
    assert photo.state == "ready"
    shown = preview(photo)
    assert shown.size == (photo.width, photo.height)
    assert (photo.width, photo.height) == (320, 240)
    assert close(corners(shown), SEEN)


def test_a_cmyk_jpeg_has_the_right_colours() -> None:
    """U1."""
    photo = checked(encoded(quarters(320, 240, "CMYK"), quality=95))
    assert photo.state == "ready"
    assert close(corners(preview(photo)), SEEN, 25)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    """U1."""
    rows = b"".join(b"\0" + struct.pack(">64H", *([0x4000] * 32 + [0xC000] * 32)) for _ in range(48))
    photo = checked(png(64, 48, 16, 0, rows))
    assert photo.state == "ready"
    shown = preview(photo)
    assert close([shown.getpixel((10, 20)), shown.getpixel((54, 20))], [(64,) * 3, (192,) * 3], 3)  # type: ignore[list-item]  # an RGB pixel is a tuple


def test_an_embedded_profile_decides_the_colours() -> None:
    """U1: with sRGB's red and green swapped in the profile, red numbers mean green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"rXYZ", b"temp").replace(b"gXYZ", b"rXYZ").replace(b"temp", b"gXYZ")
    image = Image.new("RGB", (64, 48), (200, 20, 20))
    photo = checked(encoded(image, "PNG", icc_profile=bytes(profile)))
    assert photo.state == "ready"
    assert close([preview(photo).getpixel((5, 5))], [(20, 200, 20)], 12)  # type: ignore[list-item]  # an RGB pixel is a tuple


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_becomes_white(kind: str) -> None:
    """U2."""
    image = quarters(320, 240, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 160, 120))
    photo = checked(encoded(image, kind))
    assert close(corners(preview(photo))[:1], [(255, 255, 255)], 3)


def test_nothing_hidden_reaches_the_preview() -> None:
    """U2, U7: neither comment, nor position, nor what stands behind the end."""
    exif = Image.Exif()
    exif[271] = "SECRETMAKE"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (38.0, 42.0, 30.0)
    data = encoded(quarters(), exif=exif, comment=b"SECRETCOMMENT") + b"<script>SECRETTAIL</script>PK\x05\x06"
    photo = checked(data)
    assert photo.state == "ready"
    shown = stash.preview(photo.id)
    assert shown is not None
    assert b"SECRET" not in shown
    assert b"Exif" not in shown
    assert bytes_of(photo.id) == data


def test_broken_exif_and_profile_are_no_reason_to_refuse() -> None:
    """U2."""
    data = encoded(quarters(), exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage", icc_profile=b"no profile" * 50)
    assert checked(data).state == "ready"


def test_huge_metadata_is_no_reason_to_refuse() -> None:
    """U2: the size stands behind two megabytes of comments."""
    picture = jpeg()
    comments = (b"\xff\xfe" + struct.pack(">H", 65_002) + bytes(65_000)) * 32
    photo = checked(picture[:2] + comments + picture[2:])
    assert (photo.state, photo.width, photo.height) == ("ready", 160, 120)


def test_a_jpeg_cut_short_behind_whose_end_a_mark_was_put_is_broken() -> None:
    """U2: the decoder fills the rest with grey and says nothing."""
    data = encoded(noise(640, 480), quality=90)
    photo = checked(data[: len(data) * 2 // 3] + b"\xff\xd9")
    assert (photo.state, photo.problem) == ("broken", "image_broken")
    assert stash.preview(photo.id) is None


def test_a_progressive_jpeg_cut_short_is_broken_and_a_whole_one_is_not() -> None:
    """U2."""
    data = encoded(noise(640, 480), quality=90, progressive=True)
    assert checked(data).state == "ready"
    assert checked(data[: len(data) // 2] + b"\xff\xd9").state == "broken"


def test_a_whole_picture_that_is_grey_in_its_corners_is_ready() -> None:
    assert checked(encoded(Image.new("RGB", (64, 64), (128, 128, 128)))).state == "ready"


def spoilt(kind: str, **options: Any) -> bytes:
    """A picture whose data is garbage for a sixth of its length, its structure right. Always the same one: some garbage in
    some pictures makes a WebP run out of data before its end, which its decoder does notice."""
    grey = random.Random(1)
    same = Image.frombytes("L", (200, 150), bytes(int(grey.triangular(0, 255)) for _pixel in range(200 * 150)))
    data = bytearray(encoded(same.convert("RGB"), kind, **options))
    data[len(data) // 3 : len(data) // 2] = b"\xa5" * (len(data) // 2 - len(data) // 3)
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})]
)
def test_garbage_inside_a_right_structure_is_broken(kind: str, options: dict[str, Any]) -> None:
    """U2."""
    photo = checked(spoilt(kind, **options))
    assert (photo.state, photo.problem) == ("broken", "image_broken")
    assert stash.preview(photo.id) is None


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {}), ("TIFF", {"compression": "raw"})])
def test_garbage_that_no_decoder_can_tell_from_a_picture_is_one(kind: str, options: dict[str, Any]) -> None:
    """Lossy WebP and raw TIFF have neither checksums nor codes that cannot occur: the preview shows what will be printed."""
    photo = checked(spoilt(kind, **options))
    assert (photo.state, photo.width, photo.height) == ("ready", 200, 150)
    assert preview(photo).size == (200, 150)


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (png(20_000, 20_000, 1, 0, bytes(2501) * 20_000), "image_too_large"),  # 400 megapixels that are really there
        (png(10_000, 10_000, 16, 6, bytes(80_001) * 20), "image_broken"),  # 100 megapixels declared, 20 rows there
    ],
)
def test_a_bomb_of_pixels_is_refused_within_two_seconds(picture: bytes, code: str) -> None:
    """U2."""
    assert len(picture) < 100_000
    start = time.monotonic()
    with pytest.raises(receive.UploadRefused, match=code):
        receive.receive("d", [picture], filename="bomb.png")
    assert time.monotonic() - start < 2
    assert stash.photos("d") == []
    assert stash.staged_bytes() == 0


def test_a_decoder_out_of_memory_is_replaced(settings: LazySettings) -> None:
    """U2."""
    decode.shared.close()
    settings.PREVIEW_MEMORY_MB = 400
    photo = checked(png(9_000, 9_000, 8, 6, (bytes(36_001)) * 9_000))
    assert photo.state == "broken"
    assert photo.problem in ("image_too_large", "image_broken")
    assert checked(jpeg(seed=6)).state == "ready"
    decode.shared.close()


def test_a_killed_decoder_is_replaced_and_the_photo_not_blamed_for_the_next() -> None:
    """U2."""
    assert checked(jpeg(seed=1)).state == "ready"
    assert decode.shared._process is not None
    decode.shared._process.kill()
    decode.shared._process.wait()
    assert checked(jpeg(seed=2)).state == "ready"


def test_a_check_done_twice_or_of_a_photo_that_is_gone_is_harmless() -> None:
    photo = checked(jpeg())
    size = stash.staged_bytes()
    tasks.check_photo("d", photo.id)
    assert stash.get("d", photo.id) == photo
    assert stash.staged_bytes() == size
    stash.remove("d", photo.id)
    tasks.check_photo("d", photo.id)
    assert not stash.exists(photo.id)
    assert stash.staged_bytes() == 0


def test_a_photo_whose_worker_died_is_checked_by_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """U2, C50: the message is lost, the manifest in Redis is not."""
    photo = receive.receive("d", [jpeg()], filename="a").photo
    monkeypatch.setattr(tasks, "OVERDUE_SECONDS", 0)
    time.sleep(0.01)
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge("photos")
        assert tasks.sweep() == 1
        message = channel.basic_get("photos")
    assert message is not None
    assert message.payload[0] == ["d", photo.id]
