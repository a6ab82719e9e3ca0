"""How often a visitor may try something: counted over a sliding window, a visitor and an internet address (C63).

The count lies in Redis and one script counts and decides, so it holds across the window's edge, for parallel requests
and over several processes. Keys are keyed hashes: no address and no session can be read from them.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_redis import get_redis_connection

from accounts import visitors
from orders.problems import Problem

# KEYS are logs of tries; ARGV: this try's name, the window in milliseconds, then how many each log may hold.
# Answers 0, having written the try into every log, or the milliseconds until there is room, having written none.
COUNT = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local wait = 0
for place, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[2])
  local over = redis.call('ZCARD', key) - ARGV[place + 2]
  if over >= 0 then
    local oldest = redis.call('ZRANGE', key, over, over, 'WITHSCORES')
    wait = math.max(wait, oldest[2] + ARGV[2] - now)
  end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
"""


@dataclasses.dataclass(frozen=True)
class Limit:
    """`visitor` tries of one session and `address` tries of one internet address in any `seconds`.

    Many visitors share an address (a phone network, a wedding's guest house): it may try more often than one of them.
    """

    name: str
    visitor: int
    address: int
    seconds: int


ADDRESSES = Limit("address", visitor=30, address=300, seconds=600)  # each costs the studio a call of Google's


@dataclasses.dataclass(frozen=True)
class Try:
    """A counted try, to be given back where it shall not count."""

    keys: tuple[str, ...]
    member: str


class TooOften(Problem):
    """`wait` is the number of seconds until there is room again."""

    status = 429
    code = "too_many_tries"
    detail = _("That was tried too often. Please wait a few minutes and try again.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


def take(limit: Limit, request: HttpRequest) -> Try:
    """Counts one try of this visitor and address. Raises TooOften, and then counts nothing."""
    keys = (
        _key(limit, "visitor", request.session.session_key or f"user {request.user.pk}"),
        _key(limit, "address", visitors.network(request)),
    )
    member = secrets.token_urlsafe(9)
    connection = get_redis_connection("default")
    wait = connection.eval(COUNT, len(keys), *keys, member, limit.seconds * 1000, limit.visitor, limit.address)
    if wait:
        raise TooOften(-(-int(wait) // 1000))
    return Try(keys, member)


def give_back(tried: Try) -> None:
    """The try does not count after all."""
    connection = get_redis_connection("default")
    for key in tried.keys:
        connection.zrem(key, tried.member)


@contextlib.contextmanager
def counted(limit: Limit, request: HttpRequest) -> Iterator[None]:
    """One try around what is within, which does not count where that raises. Raises TooOften before it begins."""
    tried = take(limit, request)
    try:
        yield
    except Exception:  # whatever was raised, the try is given back, and it goes on to the caller
        give_back(tried)
        raise


def _key(limit: Limit, kind: str, who: str) -> str:
    return f"limit:{limit.name}:{kind}:{salted_hmac('orders.limits', who, algorithm='sha256').hexdigest()}"
