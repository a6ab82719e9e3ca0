"""Print-ready files as one ZIP, made while it is downloaded: a folder a size and finish, names a lab understands (O2).

Nothing is held whole, neither in memory nor on disk: each file comes from S3 in pieces and goes straight out. JPEGs
are stored, not compressed again.
"""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from zipstream import ZIP_STORED, ZipStream

from orders.models import Order, OrderItem
from uploads import storage


def printable(orders: QuerySet[Order]) -> list[OrderItem]:
    """The prints of these orders that have their file in S3, order by order."""
    items = OrderItem.objects.filter(order__in=orders).exclude(print_key="")
    return list(items.select_related("order").order_by("order__created_at", "order_id", "pk"))


def stream(items: Iterable[OrderItem]) -> Iterator[bytes]:
    """The ZIP's bytes, piece by piece."""
    items = list(items)
    archive = ZipStream(compress_type=ZIP_STORED, sized=False)
    several = len({item.order_id for item in items}) > 1
    for item in items:
        archive.add(_pieces(item.print_key), arcname=path_in_zip(item, several=several))
    return iter(archive)


def path_in_zip(item: OrderItem, *, several: bool) -> str:
    """Folder and name as they lie in S3, "10x15_glossy/PO-…_10x15_glossy_3x_001_praia.jpg"; below the number if several."""
    path = "/".join(item.print_key.split("/")[-2:])
    return f"{item.order.number}/{path}" if several else path


def zip_name(items: Iterable[OrderItem]) -> str:
    """ "PO-….zip" for one order, "prints-<number of orders>-orders.zip" for several."""
    numbers = sorted({item.order.number for item in items})
    return f"{numbers[0]}_prints.zip" if len(numbers) == 1 else f"prints_{len(numbers)}_orders.zip"


def _pieces(key: str) -> Iterator[bytes]:
    """Opens the file only when its turn in the archive has come."""
    yield from storage.open_stream(key)
