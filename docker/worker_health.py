"""A container's health check: exits 0 when this host's Celery worker reported lately (photoorders/workers.py).

Loads nothing of the shop: with it each check would cost a second of processor time.
"""

import os
import socket
import sys
import time

import redis

KEY = "workers:alive"
FRESH_SECONDS = 60


def alive() -> bool:
    with redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=5, socket_timeout=5) as client:
        names = client.zrangebyscore(KEY, time.time() - FRESH_SECONDS, "+inf")
    return any(name.endswith(f"@{socket.gethostname()}".encode()) for name in names)


if __name__ == "__main__":
    sys.exit(0 if alive() else f"the worker of {socket.gethostname()} has not reported for {FRESH_SECONDS} seconds")
