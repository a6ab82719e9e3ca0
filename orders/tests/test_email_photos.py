"""Where the pictures of a mail come from."""

import io
import re

import pytest
from PIL import Image

from local.fixtures import Mailbox
from orders import email_photos, fulfilment, thumbnails
from orders.models import Order
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, paid_order
from orders.tests.test_emails import body, inline_images, sent
from uploads import stash
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db


def test_thumbnails_are_shown_inline_and_hold_nothing_but_pixels(mailbox: Mailbox) -> None:
    """U7: every cid in the HTML has its image; small, without metadata."""
    order = paid_order([jpeg(seed=1), jpeg(seed=2)])
    mail = sent(mailbox, order, "confirmed")
    images = inline_images(mail)
    assert sorted(re.findall(r"cid:(\w+)", body(mail, "html"))) == sorted(images) == ["photo1", "photo2"]
    for data in images.values():
        assert data.startswith(b"\xff\xd8")
        assert len(data) < 30_000
        assert b"Maria" not in data


def test_an_order_whose_photos_are_in_s3_has_its_thumbnails_too(mailbox: Mailbox, s3: S3Server) -> None:
    order = paid_order([jpeg(seed=1)])
    fulfilment.store(order.pk)
    assert stash.staged_bytes() == 0
    assert list(inline_images(sent(mailbox, order, "shipped"))) == ["photo1"]


def test_a_mail_goes_without_thumbnails_when_there_are_none_to_be_had(mailbox: Mailbox) -> None:
    order: Order = OrderFactory(paid=True)
    mail = sent(mailbox, order, "confirmed")
    assert inline_images(mail) == {}
    assert "cid:" not in body(mail, "html")


def test_photos_that_leave_redis_after_their_rows_were_read_are_shown_from_s3(s3: S3Server) -> None:
    """U7: while a mail is being written, or a page sent."""
    order = paid_order([jpeg(seed=1)])
    photo = order.photos.get()
    fulfilment.store(order.pk)
    assert (photo.thumbnail_key, stash.staged_bytes()) == ("", 0)
    small = thumbnails.read(photo)
    assert small is not None
    assert Image.open(io.BytesIO(small)).format == "JPEG"
    mailed = email_photos.thumbnail(photo)
    assert mailed is not None
    assert Image.open(io.BytesIO(mailed)).size == (240, 160)
