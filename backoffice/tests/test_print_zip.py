"""O2: print-ready ZIPs, streamed from S3."""

import io
import resource
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Order, OrderItem
from orders.tests.factories import OrderFactory
from uploads import storage


def printed(data: bytes, name: str = "001_praia", **fields: Any) -> Order:
    """A paid order with one print file of these bytes in S3."""
    order = OrderFactory(paid=True, stored_at=timezone.now(), **fields)
    key = f"orders/2026/01/02/{order.number}/prints/10x15_matte/{order.number}_10x15_matte_2x_{name}.jpg"
    storage.put_bytes(key, data, "image/jpeg")
    OrderItem.objects.filter(order=order).update(print_key=key)
    return order


def read(response: Any) -> zipfile.ZipFile:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    assert response.streaming
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_an_orders_zip_has_a_folder_a_size_and_finish_with_the_bytes_of_s3(
    owner_client: Client, s3_bucket: Any
) -> None:
    order = printed(b"\xff\xd8 print")
    response = owner_client.get(f"/admin/orders/order/{order.pk}/prints.zip")
    archive = read(response)
    assert archive.namelist() == [f"10x15_matte/{order.number}_10x15_matte_2x_001_praia.jpg"]
    assert archive.read(archive.namelist()[0]) == b"\xff\xd8 print"
    assert archive.testzip() is None
    assert response["Content-Disposition"] == f'attachment; filename="{order.number}_prints.zip"'


def test_several_orders_come_in_one_zip_with_a_folder_each(staff_client: Client, s3_bucket: Any) -> None:
    orders = [printed(b"one"), printed(b"two")]
    response = staff_client.post(
        "/admin/orders/order/", {"action": "download_prints", "_selected_action": [order.pk for order in orders]}
    )
    archive = read(response)
    assert {name.split("/")[0]: archive.read(name) for name in archive.namelist()} == {
        orders[0].number: b"one",
        orders[1].number: b"two",
    }


def test_a_large_zip_is_streamed_with_little_memory(owner_client: Client, s3_bucket: Any) -> None:
    """40 MB of prints pass through while the process grows by far less."""
    order = printed(b"x" * 40_000_000)
    response = owner_client.get(f"/admin/orders/order/{order.pk}/prints.zip")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = [len(piece) for piece in response]
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert sum(sizes) > 40_000_000
    assert max(sizes) <= 1_000_000
    assert grown_mb < 15


def test_outsiders_get_no_file_of_any_kind(client: Client, outsider_client: Client, s3_bucket: Any) -> None:
    order = printed(b"secret")
    item = order.items.get()
    for rest in ("prints.zip", f"prints/{item.pk}/", "originals/1/", "thumbnails/1/"):
        for visitor in (client, outsider_client):
            response = visitor.get(f"/admin/orders/order/{order.pk}/{rest}")
            assert response.status_code == 302, rest
            assert b"secret" not in b"".join(response)


def test_staff_without_the_right_to_see_orders_get_403(staff_client: Client, staff: Any, s3_bucket: Any) -> None:
    order = printed(b"secret")
    staff.groups.clear()
    assert staff_client.get(f"/admin/orders/order/{order.pk}/prints.zip").status_code == 403


def test_an_original_is_a_download_that_no_browser_shows(owner_client: Client, s3_bucket: Any) -> None:
    """S1: user files are never served in place."""
    order = printed(b"p")
    storage.put_bytes("orders/x/originals/001.jpg", b"<html>", "text/html")
    order.photos.update(storage_key="orders/x/originals/001.jpg", bytes=6, filename='Praia "1"\r\n.jpg')
    response = owner_client.get(f"/admin/orders/order/{order.pk}/originals/1/")
    assert b"".join(response) == b"<html>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("rest", ["originals/1/", "thumbnails/1/"])
def test_a_photo_that_is_not_stored_yet_is_404(owner_client: Client, rest: str) -> None:
    order = OrderFactory(paid=True)
    assert owner_client.get(f"/admin/orders/order/{order.pk}/{rest}").status_code == 404


def test_a_file_of_another_order_is_404(owner_client: Client, s3_bucket: Any) -> None:
    order, other = printed(b"a"), printed(b"b")
    assert owner_client.get(f"/admin/orders/order/{order.pk}/prints/{other.items.get().pk}/").status_code == 404


def test_an_order_without_print_files_says_so(owner_client: Client) -> None:
    order = OrderFactory(paid=True)
    response = owner_client.get(f"/admin/orders/order/{order.pk}/prints.zip", follow=True)
    assert "no print files yet" in response.content.decode()


def test_s3_away_is_503_with_a_clear_text(owner_client: Client, s3_bucket: Any) -> None:
    order = printed(b"p")
    order.photos.update(thumbnail_key="orders/x/thumbnails/001.jpg")
    s3_bucket.server.stop()
    try:
        response = owner_client.get(f"/admin/orders/order/{order.pk}/thumbnails/1/")
    finally:
        s3_bucket.server.start()
    assert response.status_code == 503
    assert "Try again" in response.content.decode()
