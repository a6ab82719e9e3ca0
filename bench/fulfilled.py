"""paid_to_fulfilled_p95: seconds from the arrival of the webhook to originals and prints stored and the owner's mail handed
over, while two orders a second are paid, each of three 12-megapixel photos of 5 MB.

The whole shop runs in processes of its own, as in the chaos tests, with two workers; its PostgreSQL keeps its promises
(fsync on). BENCH_ORDERS makes the orders fewer, for a trial.
"""

import datetime
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import upload_clients
from tests.chaos import shop as chaos_shop
from tests.chaos.customers import CARD, Customer

ORDERS = int(os.environ.get("BENCH_ORDERS", "40"))
PHOTOS, MEGABYTES = 3, 5
SECONDS_BETWEEN = 0.5
PATIENCE_SECONDS = 300
TARGET = 3.0

ARRIVED = """select o.number, min(e.received_at) from payments_webhookevent e
join payments_paymentattempt a on a.session_id = e.object_id join orders_order o on o.id = a.order_id group by o.number"""
FULFILLED = """select o.number from orders_order o where o.stored_at is not null
and not exists (select 1 from orders_orderitem i where i.order_id = o.id and i.print_key = '')
and exists (select 1 from orders_sentemail m where m.order_id = o.id and m.kind = 'owner' and m.sent_at is not null)"""


def rows() -> list[dict[str, object]]:
    """The row, in the form of bench/results.json."""
    chaos_shop.SETTINGS = ()
    with tempfile.TemporaryDirectory() as folder:
        shop = chaos_shop.Shop(Path(folder))
        try:
            shop.start()
            took = sorted(_measure(shop))
        finally:
            shop.stop()
    value = took[int(len(took) * 0.95)]
    found = {"name": "paid_to_fulfilled_p95", "value": value, "unit": "s", "floor": None, "ratio": None}
    return [found | {"target": TARGET, "ok": value <= TARGET}]


def _measure(shop: chaos_shop.Shop) -> list[float]:
    """Seconds of each order. All are at Stripe's page before the first is paid."""
    photo = upload_clients.camera_jpeg(MEGABYTES)
    sessions = [_at_stripes_page(shop, number, photo) for number in range(ORDERS)]
    done: dict[str, datetime.datetime] = {}
    began = time.monotonic()
    paid = 0
    while len(done) < ORDERS:
        if paid < ORDERS and time.monotonic() >= began + paid * SECONDS_BETWEEN:
            shop.sandbox(f"sessions/{sessions[paid]}/pay", card=CARD)
            paid += 1
        now = datetime.datetime.now(datetime.UTC)
        for (number,) in shop.rows(FULFILLED):
            done.setdefault(number, now)
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise TimeoutError(f"{len(done)} of {ORDERS} orders were fulfilled")
        time.sleep(0.05)
    return [(done[number] - arrived).total_seconds() for number, arrived in shop.rows(ARRIVED)]


def _at_stripes_page(shop: chaos_shop.Shop, number: int, photo: bytes) -> str:
    customer = Customer(shop, number, "bench", Counter(), walk="leaves")
    customer.purchase.photos = [upload_clients.varied(photo, number * PHOTOS + one) for one in range(PHOTOS)]
    customer.prepare()
    customer.purchase.photos = []
    return customer.checkout()
