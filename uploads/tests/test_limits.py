"""What is no still picture is refused; the largest that is taken; and what takes the decoder too long (U2)."""

import resource
import signal
import struct
from collections.abc import Iterator

import pillow_heif
import pytest
from PIL import Image

from uploads import decode, receive, stash
from uploads.tests.pictures import encoded, jpeg, quarters
from uploads.tests.test_check_photo import checked, preview

pillow_heif.register_heif_opener()


@pytest.fixture(autouse=True)
def decoder_ends() -> Iterator[None]:
    yield
    decode.shared.close()


def animated(kind: str) -> bytes:
    frames = [quarters(64, 48), quarters(64, 48).transpose(Image.Transpose.ROTATE_180)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def heic(major: bytes = b"", behind: bytes = b"") -> bytes:
    """A still; by its major brand, or by a box behind it, more than that."""
    data = encoded(quarters(64, 48), "HEIF")
    return data[:8] + (major or data[8:12]) + data[12:] + behind


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


MOVING = {
    "APNG": animated("PNG"),
    "WebP": animated("WEBP"),
    "HEIC by its brand": heic(b"hevc"),
    "HEIC by its structural brand": heic(b"msf1"),
    "HEIC by its frames": heic(behind=box(b"moov", box(b"mvhd", bytes(100)))),
}


@pytest.mark.parametrize("name", MOVING)
def test_what_moves_is_refused_by_name(name: str) -> None:
    with pytest.raises(receive.UploadRefused) as refusal:
        receive.receive("d", [MOVING[name]], filename="festa.png")
    assert (refusal.value.code, refusal.value.status) == ("unsupported_type", 415)
    assert "festa.png" in refusal.value.detail
    assert stash.photos("d") == []
    assert stash.staged_bytes() == 0


def test_a_phones_photo_with_a_film_behind_it_is_a_photo() -> None:
    """The film is a file of its own, boxes and all, inside one box."""
    photo = checked(heic(behind=box(b"mpvd", box(b"ftyp", b"mp42") + box(b"moov"))))
    assert (photo.state, photo.width, photo.height) == ("ready", 64, 48)


def test_a_hundred_megapixels_are_a_photo() -> None:
    data = encoded(Image.new("RGB", (12_240, 8_200), (40, 90, 160)), quality=80)
    photo = checked(data)
    assert photo.width * photo.height > 100_000_000
    assert (photo.state, photo.width, photo.height) == ("ready", 12_240, 8_200)
    assert preview(photo).size == (1200, 804)


def endless(scans: int) -> bytes:
    """A progressive JPEG of 96 megapixels and a few kilobytes, whose last scan comes so many times: each is decoded anew."""
    data = encoded(Image.new("L", (12_000, 8_000), 90), progressive=True)
    start = data.rfind(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


@pytest.mark.timeout(300)
def test_what_takes_the_decoder_too_long_is_broken_within_ten_seconds_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds are the processor's, so that a busy machine breaks no good photo."""
    monkeypatch.setattr(decode, "WALL_SECONDS", 240)  # the test next to this one is about that
    assert checked(jpeg(seed=1)).state == "ready"
    decode.shared.close()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    photo = checked(endless(1500))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (photo.state, photo.problem) == ("broken", "image_too_large")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 8 < spent <= 10.5
    assert stash.preview(photo.id) is None
    assert checked(jpeg(seed=2)).state == "ready"


def test_a_decoder_that_neither_works_nor_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, as a process is that waits for a disk: no processor's second passes, so the clock on the wall decides."""
    assert checked(jpeg(seed=1)).state == "ready"
    assert decode.shared._process is not None
    monkeypatch.setattr(decode, "WALL_SECONDS", 1)
    decode.shared._process.send_signal(signal.SIGSTOP)
    photo = checked(jpeg(seed=2))
    assert (photo.state, photo.problem) == ("broken", "image_too_large")
    monkeypatch.undo()
    assert checked(jpeg(seed=3)).state == "ready"
