"""What was frozen at checkout and is personal: it waits in Redis until the payment is confirmed (DESIGN §3)."""

import dataclasses
import json

from django_redis import get_redis_connection


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The personal part of an order: who gets it, what the photos are called, and where their bytes wait.

    `delivery` holds name, email, phone, street, extra, postal_code, city, nif, note, language, method and the verdict on
    the address: formatted_address, place_id, flagged. `filenames` is by the photo's number in the order (seq).
    """

    order: str
    draft_id: str
    delivery: dict[str, object]
    filenames: dict[int, str]
    photo_ids: list[str]


def save(order_number: str, snapshot: Snapshot, seconds: int) -> None:
    """Keeps the snapshot for at least `seconds`: one that a voucher or a review needs longer is kept as long (C30)."""
    connection = get_redis_connection("default")
    kept = max(seconds, connection.ttl(_key(order_number)))
    connection.set(_key(order_number), json.dumps(dataclasses.asdict(snapshot)), ex=kept)


def load(order_number: str) -> Snapshot | None:
    """The snapshot; None when Redis has lost it (C49) or it has expired."""
    data = get_redis_connection("default").get(_key(order_number))
    if data is None:
        return None
    fields = json.loads(data)
    fields["filenames"] = {int(seq): name for seq, name in fields["filenames"].items()}
    return Snapshot(**fields)


def prolong(order_number: str, seconds: int) -> bool:
    """Keeps the snapshot for at least `seconds` more; False when there is none."""
    connection = get_redis_connection("default")
    left = connection.ttl(_key(order_number))
    return bool(left > seconds or connection.expire(_key(order_number), seconds))


def shorten(order_number: str, seconds: int) -> None:
    """Keeps the snapshot for `seconds` more at most."""
    connection = get_redis_connection("default")
    if connection.ttl(_key(order_number)) > seconds:
        connection.expire(_key(order_number), seconds)


def delete(order_number: str) -> None:
    get_redis_connection("default").delete(_key(order_number))


def _key(order_number: str) -> str:
    return f"snapshot:{order_number}"
