"""What goes wrong: each fault breaks something for some seconds, and mends it. Kills are `kill -9` from outside; the
failpoints are locks that the harness takes in PostgreSQL, so that a process is killed while it waits at a known step.
"""

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator

import psycopg
import redis
import requests

from tests.chaos.shop import FIRST, SECOND, WEB, Shop, send

Fault = Callable[[Shop, random.Random], None]
# table → the step at which a process that writes it is held and killed
FAILPOINTS = {
    "orders_order": "freezing, or taking the order's lock",
    "payments_paymentattempt": "committing an attempt, or storing Stripe's answer",
    "payments_webhookevent": "storing or claiming an event",
    "outbox_outboxmessage": "planning, claiming or finishing work",
    "orders_orderphoto": "noting a photo as stored",
    "orders_sentemail": "noting an email as sent",
}


def kill(*names: str) -> Fault:
    """kill -9, and started again a moment later."""

    def fault(shop: Shop, dice: random.Random) -> None:
        for name in names:
            shop.programs[name].kill()
        time.sleep(dice.uniform(0, 3))
        for name in names:
            shop.programs[name].start()

    return fault


def freeze(name: str) -> Fault:
    """Stopped in its tracks: connections stay open and nothing answers."""

    def fault(shop: Shop, dice: random.Random) -> None:
        send(shop.programs[name], signal.SIGSTOP)
        time.sleep(dice.uniform(1, 7))
        send(shop.programs[name], signal.SIGCONT)

    return fault


def held(table: str, name: str) -> Fault:
    """Failpoint: whoever writes the table waits; then the process is killed while it does."""

    def fault(shop: Shop, dice: random.Random) -> None:
        with contextlib.suppress(psycopg.Error), shop.connected() as connection:
            connection.execute("SET lock_timeout = '3s'")
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
            time.sleep(dice.uniform(0.5, 2))
            shop.programs[name].kill()
        shop.programs[name].start()

    return fault


def stripe(**switches: object) -> Fault:
    """The stand-in misbehaves for some seconds."""

    def fault(shop: Shop, dice: random.Random) -> None:
        shop.misbehave(**switches)
        time.sleep(dice.uniform(2, 6))
        shop.misbehave(clear=True)

    return fault


def failing(kind: str, when: str, times: int, seconds: float = 0.0) -> Fault:
    return stripe(fail={"kind": kind, "when": when, "times": times, "seconds": seconds, "path": "/v1/"})


def dropped(shop: Shop, dice: random.Random) -> None:
    """Events are lost for some seconds; then the owner has the shop ask Stripe for those that never arrived (C23). Else the
    customers who wait for their payment to show would wait until the storm is over."""
    shop.misbehave(webhook_drop=True)
    time.sleep(dice.uniform(2, 5))
    shop.misbehave(clear=True)
    for _turn in range(3):
        with contextlib.suppress(AssertionError):  # the shop is still coming back from the fault before
            shop.manage("replay_webhooks", "--undelivered")
            return


def no_mail(shop: Shop, dice: random.Random) -> None:
    shop.mailbox.stop()
    time.sleep(dice.uniform(1, 6))
    shop.mailbox.start()


def mail_refuses(shop: Shop, dice: random.Random) -> None:
    shop.mailbox.refuse = "451 try later"
    time.sleep(dice.uniform(1, 6))
    shop.mailbox.refuse = ""


def redis_emptied(shop: Shop, dice: random.Random) -> None:
    """While somebody looks at Stripe's page, so that a paid order has to ask for its photos (C49)."""
    deadline = time.monotonic() + 20
    while not shop.pondering and time.monotonic() < deadline:
        time.sleep(0.1)
    with contextlib.suppress(redis.RedisError):
        shop.empty(shop.redis)


def broker_emptied(shop: Shop, dice: random.Random) -> None:
    with contextlib.suppress(redis.RedisError):
        shop.empty(shop.broker)


FAULTS: dict[str, tuple[Fault, int]] = {
    "kill -9 web": (kill(WEB), 6),
    "kill -9 first worker": (kill(FIRST), 5),
    "kill -9 second worker": (kill(SECOND), 3),
    "kill -9 both workers": (kill(FIRST, SECOND), 2),
    "kill -9 PostgreSQL": (kill("postgres"), 4),
    "PostgreSQL frozen": (freeze("postgres"), 2),
    "kill -9 Redis": (kill("redis"), 4),
    "Redis frozen": (freeze("redis"), 2),
    "Redis emptied": (redis_emptied, 1),
    "kill -9 broker": (kill("broker"), 3),
    "broker frozen": (freeze("broker"), 2),
    "broker emptied": (broker_emptied, 2),
    "kill -9 S3": (kill("s3"), 3),
    "S3 frozen": (freeze("s3"), 2),
    "SMTP away": (no_mail, 3),
    "SMTP answers 451": (mail_refuses, 2),
    "kill -9 Stripe's stand-in": (kill("sandbox"), 2),
    "Stripe frozen": (freeze("sandbox"), 2),
    "Stripe 500 before the commit": (failing("500", "before", 5), 3),
    "Stripe 500 after the commit": (failing("500", "after", 5), 4),
    "Stripe 429": (failing("429", "before", 6), 2),
    "Stripe resets before the commit": (failing("reset", "before", 5), 2),
    "Stripe resets after the commit": (failing("reset", "after", 5), 4),
    "Stripe times out after the commit": (failing("timeout", "after", 3, 6), 3),
    "webhooks twenty times": (stripe(webhook_copies=20), 4),
    "webhooks shuffled": (stripe(webhook_shuffle=4.0), 3),
    "webhooks late": (stripe(webhook_delay=4.0), 2),
    "webhooks dropped": (dropped, 2),
    **{f"{name} killed at {table}": (held(table, name), 1) for table in FAILPOINTS for name in (WEB, FIRST)},
}


def deck(dice: random.Random) -> Iterator[str]:
    """Names of faults without end: each once, in random order, then by weight."""
    names = list(FAULTS)
    yield from dice.sample(names, len(names))
    while True:
        yield dice.choices(names, [weight for _fault, weight in FAULTS.values()])[0]


def happen(shop: Shop, name: str, dice: random.Random) -> None:
    with contextlib.suppress(requests.RequestException):
        FAULTS[name][0](shop, dice)
