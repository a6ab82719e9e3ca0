"""reconcile_100k: one day of 100,000 payments compared with what Stripe lists, in seconds and peak memory.

The floor reads the same listings once (Sessions, PaymentIntents, movements: 3,000 pages) through the same client, and does
nothing with them. Floor and comparison take turns, each in a process of its own. BENCH_PAYMENTS makes it fewer, for a
trial. Uses the environment's PostgreSQL (migrated) and Redis.
"""

import datetime
import json
import os
import statistics
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

from bench import answering

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
os.environ.setdefault("DEMO", "1")

PAYMENTS = int(os.environ.get("BENCH_PAYMENTS", "100000"))
ROUNDS = 2  # each takes minutes
CENTS = 1990
NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
RATIO_TARGET, MEMORY_TARGET_MB = 2.0, 150


def rows() -> list[dict[str, object]]:
    """The two rows, in the form of bench/results.json."""
    with answering.answering(listing) as address:
        os.environ |= {"STRIPE_API_BASE": address, "STRIPE_SECRET_KEY": "sk_test_bench", "LOG_LEVEL": "ERROR"}
        import django

        django.setup()
        _make_payments()
        ours, floor, peaks = [], [], []
        for _round in range(ROUNDS):
            floor.append(_measure("read")[0])
            seconds, peak = _measure("compare")
            ours.append(seconds)
            peaks.append(peak)
    value, bare, peak = statistics.median(ours), statistics.median(floor), max(peaks)
    ratio = value / bare
    name = "reconcile_100k" if PAYMENTS == 100_000 else f"reconcile_{PAYMENTS}"
    compared = {"name": name, "value": value, "unit": "s", "floor": bare, "ratio": ratio}
    memory = {"name": f"{name}_memory", "value": peak, "unit": "MB", "floor": None, "ratio": None}
    return [
        compared | {"target": RATIO_TARGET, "ok": ratio <= RATIO_TARGET},
        memory | {"target": MEMORY_TARGET_MB, "ok": peak <= MEMORY_TARGET_MB},
    ]


def _measure(what: str) -> tuple[float, float]:
    """Seconds, and the peak resident memory of the process in MB."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.reconcile_once", what],
        env=os.environ,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def _make_payments() -> None:
    """Confirmed payments as webhooks would have left them; one order has them all, which the comparison does not look at."""
    from orders.tests.factories import OrderFactory
    from payments.models import PaymentAttempt

    order = OrderFactory(paid=True)
    for start in range(0, PAYMENTS, 5000):
        PaymentAttempt.objects.bulk_create(
            PaymentAttempt(
                order=order, method="checkout", state="confirmed", amount_cents=CENTS, received_cents=CENTS,
                session_id=f"cs_test_{number}", intent_id=f"pi_{number}", charge_id=f"ch_{number}",
                created_at=NOON, confirmed_at=NOON,
            )
            for number in range(start, min(start + 5000, PAYMENTS))
        )  # fmt: skip


def listing(address: str) -> str:
    """A page of one of Stripe's lists, newest first."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query)
    kind = parts.path.removeprefix("/v1/")
    makers = {"checkout/sessions": _session, "payment_intents": _intent, "balance_transactions": _movement}
    if kind == "webhook_endpoints":
        endpoint = {"id": "we_1", "object": "webhook_endpoint", "status": "enabled", "enabled_events": ["*"]}
        found = [endpoint | {"url": "http://shop.test/webhooks/stripe/"}]
        return json.dumps({"object": "list", "url": parts.path, "has_more": False, "data": found})
    if kind not in makers:
        return json.dumps({"object": "list", "url": parts.path, "has_more": False, "data": []})
    after = asked.get("starting_after", [f"x_{PAYMENTS}"])[0]
    first = int(after.rpartition("_")[2]) - 1
    last = max(first - int(asked.get("limit", ["10"])[0]), -1)
    data = [makers[kind](number) for number in range(first, last, -1)]
    return json.dumps({"object": "list", "url": parts.path, "has_more": last > -1, "data": data})


def _session(number: int) -> dict[str, object]:
    return {
        "id": f"cs_test_{number}",
        "object": "checkout.session",
        "amount_total": CENTS,
        "created": int(NOON.timestamp()),
        "currency": "eur",
        "customer_details": {"email": "bench@example.test", "name": "Bench"},
        "livemode": False,
        "metadata": {"order": "PO-BENCH", "attempt": f"pay_{number}"},
        "payment_intent": _intent(number) | {"latest_charge": f"ch_{number}"},
        "payment_status": "paid",
        "status": "complete",
    } | {f"field_{place}": None for place in range(40)}  # a real one is as long


def _intent(number: int) -> dict[str, object]:
    charge = {"id": f"ch_{number}", "object": "charge", "amount": CENTS, "amount_refunded": 0, "paid": True}
    return {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "amount": CENTS,
        "amount_received": CENTS,
        "created": int(NOON.timestamp()),
        "currency": "eur",
        "latest_charge": charge | {f"field_{place}": None for place in range(30)},
        "livemode": False,
        "metadata": {"order": "PO-BENCH", "attempt": f"pay_{number}"},
        "status": "succeeded",
    } | {f"field_{place}": None for place in range(30)}


def _movement(number: int) -> dict[str, object]:
    return {
        "id": f"txn_{number}",
        "object": "balance_transaction",
        "amount": CENTS,
        "created": int(NOON.timestamp()),
        "currency": "eur",
        "fee": 55,
        "net": CENTS - 55,
        "source": f"ch_{number}",
        "type": "charge",
    }
