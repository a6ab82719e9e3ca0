"""webhook_intake and webhook_p95: signed events per second into the inbox, 16 clients, no worker running.

Uses the environment's PostgreSQL (migrated) and Redis; the rows it makes are deleted again.
"""

import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import secrets
import statistics
import threading
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
os.environ.setdefault("DEMO", "1")

SECRET = "whsec_bench"  # noqa: S105 - signs what this measurement sends to itself
PROCESSES, THREADS = 2, 8
EVENTS_A_CLIENT = 60
ROUNDS = 5
INTAKE_TARGET, P95_TARGET = 0.7, 1.5


def rows() -> list[dict[str, object]]:
    """The rows, in the form of bench/results.json; shop and bare view take turns, a warm-up round first."""
    import django

    django.setup()
    from bench import bare_insert, web_servers

    bare_insert.make_table()
    try:
        environment = {"STRIPE_WEBHOOK_SECRET": SECRET}
        with web_servers.serving(**environment) as shop, web_servers.serving("bench.bare_insert:application") as bare:
            ours, floor = [], []
            for _round in range(ROUNDS + 1):
                ours.append(_measure(shop.port, "/webhooks/stripe/"))
                floor.append(_measure(bare.port, "/insert/"))
    finally:
        bare_insert.drop_table()
        _forget()
    rate, bare_rate = (statistics.median(one[0] for one in runs[1:]) for runs in (ours, floor))
    p95, bare_p95 = (statistics.median(one[1] for one in runs[1:]) for runs in (ours, floor))
    return [
        _row("webhook_intake", rate, "events/s", bare_rate, INTAKE_TARGET, ok=rate / bare_rate >= INTAKE_TARGET),
        _row("webhook_p95", p95, "ms", bare_p95, P95_TARGET, ok=p95 / bare_p95 <= P95_TARGET),
    ]


def _row(name: str, value: float, unit: str, floor: float, target: float, *, ok: bool) -> dict[str, object]:
    ratio = value / floor
    return {"name": name, "value": value, "unit": unit, "floor": floor, "ratio": ratio, "target": target, "ok": ok}


def _measure(port: int, path: str) -> tuple[float, float]:
    """Events a second and the 95th percentile in ms, over 16 clients that each keep their connection."""
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        started = time.perf_counter()
        parts = pool.starmap(_client_process, [(port, path)] * PROCESSES)
        took = time.perf_counter() - started
    times = sorted(moment for part in parts for moment in part)
    return len(times) / took, times[int(len(times) * 0.95)] * 1000


def _client_process(port: int, path: str) -> list[float]:
    times: list[float] = []
    threads = [threading.Thread(target=_client, args=(port, path, times)) for _unused in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _client(port: int, path: str, times: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _event in range(EVENTS_A_CLIENT):
        body = paid_event()
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body)}
        started = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"the webhook answered {answer.status}")
    connection.close()


def paid_event() -> bytes:
    """A paid Session's event, as large as a real one."""
    session = {
        "id": f"cs_test_{secrets.token_hex(20)}",
        "object": "checkout.session",
        "amount_total": 1990,
        "currency": "eur",
        "payment_status": "paid",
        "status": "complete",
        "customer_details": {"email": "bench@example.test", "name": "Bench", "address": {"line1": "Rua 1"}},
        "metadata": {"order": "PO-BENCH", "attempt": "pay_bench"},
        "custom_text": {f"field_{number}": None for number in range(60)},
        "line_items": [{"name": "10 × 15 cm", "quantity": number} for number in range(20)],
    }
    event = {
        "id": f"evt_bench_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "type": "checkout.session.completed",
        "data": {"object": session},
    }
    return json.dumps(event).encode()


def signature(body: bytes) -> str:
    stamp = int(time.time())
    return f"t={stamp},v1={hmac.new(SECRET.encode(), b'%d.' % stamp + body, hashlib.sha256).hexdigest()}"


def _forget() -> None:
    import redis
    from django.conf import settings

    from payments.models import WebhookEvent

    WebhookEvent.objects.filter(event_id__startswith="evt_bench_").delete()
    redis.Redis.from_url(settings.CELERY_BROKER_URL).delete("webhooks")
