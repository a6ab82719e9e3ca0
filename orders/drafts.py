"""A customer's order before payment: a JSON document in Redis, nothing in PostgreSQL (DESIGN §3).

A draft lives DRAFT_TTL_SECONDS after the last thing its owner did with it, its photos with it. Every change is made on
the newest version and written only if nobody else wrote meanwhile (WATCH/MULTI), so parallel changes are never lost.
"""

import contextlib
import dataclasses
import datetime
import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import redis
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_str
from django_redis import get_redis_connection

from addresses.services import Asking
from orders import coupons, delivery, items
from orders.models import Order
from orders.problems import DraftBusy, DraftExpired, DraftOrdered
from outbox.services import enqueue
from uploads import stash

SESSION_KEY = "draft"
# In the session: drafts that were followed, or paid by an order's link, so that a reloaded return page still works. The
# name is older than the first kind: the sessions of running shops hold it.
EARLIER = "paid_drafts"
REMEMBERED = 20
ROTATION_DUE = "rotation_due"  # in the session, from a followed draft until the next page
AT_ONCE_SECONDS = 60  # within which the first photos of a visitor without a session arrive
FOLLOWED_SECONDS = 3600  # longer than any request that began before the session learned of the new draft
PROLONG_EVERY_SECONDS = 600  # reading a draft prolongs it at most this often
TRIES = 50
ID = re.compile(r"[A-Za-z0-9_-]{32}")  # as `create` makes them


@dataclasses.dataclass
class Draft:
    """What a visitor has chosen so far. Change it through this module only; times are UTC."""

    id: str
    created_at: datetime.datetime
    expires_at: datetime.datetime
    owner: int | None = None  # the trade customer's user id
    items: list[dict[str, Any]] = dataclasses.field(default_factory=list)  # photo, product, finish, quantity, fit, crop
    delivery: dict[str, Any] | None = None
    address: dict[str, Any] | None = None  # the verdict on the delivery's address, see orders.delivery
    typed: dict[str, Any] | None = None  # delivery fields that were refused, kept so that nothing typed is lost
    language: str = "pt"
    coupon: str = ""  # the code, as it is stored
    checkout: dict[str, Any] | None = None  # {"fingerprint", "order", …}: what was frozen last
    ordered: str | None = None  # the order's number, once paid
    reorders: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)  # by number: state, key of the task
    version: int = 0


def blank(*, owner: int | None = None, language: str = "") -> Draft:
    """An empty draft with an id that cannot be guessed (S8), kept nowhere: what who has none is shown."""
    now = timezone.now()
    return Draft(
        id=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + datetime.timedelta(seconds=settings.DRAFT_TTL_SECONDS),
        owner=owner,
        language=language or (translation.get_language() or "pt")[:2],
    )


def create(*, owner: int | None = None, language: str = "") -> Draft:
    """A new, empty draft."""
    draft = blank(owner=owner, language=language)
    _redis().set(_key(draft.id), _dump(draft), ex=settings.DRAFT_TTL_SECONDS)
    return draft


def get(draft_id: str) -> Draft | None:
    """The draft of that id. What cannot be one is not asked for: other keys stand beside the draft's own (S5)."""
    if not ID.fullmatch(draft_id):
        return None
    data = _redis().get(_key(draft_id))
    return None if data is None else _load(data)


def for_request(request: HttpRequest, draft_id: str = "current", *, create: bool = False) -> Draft:
    """The draft that this request may see, else Http404 (C62, S8).

    "current" is the session's; there is a new one where there is none, or where it has been ordered, when `create` or
    the request only reads. Any other id must be the session's or belong to the signed-in trade customer.
    """
    mine = str(request.session.get(SESSION_KEY) or "")
    draft: Draft | None
    if draft_id == "current":
        draft = get(mine) if mine else None
        if (draft is None or draft.ordered) and (create or request.method in ("GET", "HEAD")):
            draft = follow(request) if mine else begin(request)
    else:
        draft = get(draft_id)
        if draft is not None and draft.id != mine and not _owned(draft, request):
            draft = None
    if draft is None:
        if mine and draft_id in ("current", mine):
            raise DraftExpired
        raise Http404
    _prolong_if_due(request, draft)
    return draft


def start_for(request: HttpRequest) -> Draft:
    """A new draft for the visitor's session, whose key changes too where it had one before (S8)."""
    if request.session.get(SESSION_KEY):
        request.session.cycle_key()
    draft = create(owner=_owner(request))
    request.session[SESSION_KEY] = draft.id
    return draft


def begin(request: HttpRequest) -> Draft:
    """The first draft of a visitor who has none yet: the same one for all photos that arrive at once, told by the cookie
    of the form token, which the first page gave and nobody else knows (U4). Each answer sets a session that holds it."""
    token = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    known = salted_hmac("orders.drafts.begin", token, algorithm="sha256").hexdigest()
    draft = _successor(known, _owner(request), AT_ONCE_SECONDS) if token else create(owner=_owner(request))
    request.session[SESSION_KEY] = draft.id
    return draft


def follow(request: HttpRequest) -> Draft:
    """The draft that comes after the session's, which has expired or been ordered: the same one for all who ask at once.

    Photos are uploaded three at a time, all with the cookie of before. So the session learns of the new draft at once,
    not at the end of an upload, and keeps its key until `rotate_if_due`.
    """
    old = str(request.session[SESSION_KEY])
    draft = _successor(old, _owner(request))
    remember(request, old)
    request.session[SESSION_KEY] = draft.id
    request.session[ROTATION_DUE] = True
    try:
        request.session.save()
    except UpdateError:  # a page has rotated it since this request came: a new one, that holds the draft alone
        request.session.flush()
        request.session[SESSION_KEY] = draft.id
    else:
        request.session.modified = False  # saved; at the end of a long upload it may have another key
    return draft


def remember(request: HttpRequest, draft_id: str) -> None:
    """The visitor may come back from Stripe's page to the order of this draft; the draft stays closed (C62)."""
    others = [known for known in earlier(request) if known != draft_id]
    request.session[EARLIER] = [*others, draft_id][-REMEMBERED:]


def earlier(request: HttpRequest) -> list[str]:
    """The drafts that this visitor had before the present one, oldest first."""
    return [str(draft_id) for draft_id in request.session.get(EARLIER, [])]


def rotate_if_due(request: HttpRequest) -> None:
    """A new key for a session whose draft was followed by another (S8); called where a page is opened or a paid
    order is asked for, and nothing is under way with the old cookie."""
    if request.session.pop(ROTATION_DUE, False):
        request.session.cycle_key()


def rotate_after(request: HttpRequest, order: Order) -> None:
    """The API shows a visitor that his draft has been paid for: a new draft and key, as on the pages, once (S8)."""
    if order.paid_at is None:
        return
    if request.session.get(SESSION_KEY) == order.draft_id:
        follow(request)
    rotate_if_due(request)


def update(draft_id: str, change: Callable[[Draft], None], seconds: int = 0) -> Draft:
    """Applies `change` to the newest version and saves it; the draft as saved.

    `change` may run several times. The draft then lives `seconds` (DRAFT_TTL_SECONDS) from now, unless it had longer.
    Raises DraftExpired when it is gone, DraftBusy when others kept writing.
    """
    seconds = seconds or settings.DRAFT_TTL_SECONDS
    key = _key(draft_id)
    with _redis().pipeline() as pipe:
        for _attempt in range(TRIES):
            with contextlib.suppress(redis.WatchError):
                pipe.watch(key)  # type: ignore[no-untyped-call]  # redis-py has no types here
                data = pipe.get(key)
                if data is None:
                    raise DraftExpired
                draft = _load(data)
                change(draft)
                draft.version += 1
                draft.expires_at = max(draft.expires_at, timezone.now() + datetime.timedelta(seconds=seconds))
                pipe.multi()
                pipe.set(key, _dump(draft), ex=_seconds_left(draft))
                pipe.execute()
                return draft
    raise DraftBusy


def set_items(draft: Draft, rows: object) -> Draft:
    """Replaces the items as a whole (U0); raises Invalid with the errors of each row, and then changes nothing."""
    cleaned = items.clean(rows, stash.photos(draft.id))

    def change(newest: Draft) -> None:
        _refuse_ordered(newest)
        newest.items = cleaned
        _mark_stale(newest)

    return _changed(update(draft.id, change))


def set_delivery(draft: Draft, fields: Mapping[str, object], asking: Asking = contextlib.nullcontext) -> Draft:
    """Checks and stores the delivery; the verdict on its address is `draft.address` (A1–A5). `asking` as in
    addresses.services.validate.

    Raises Invalid, or one of addresses' errors; what was typed is then kept in `draft.typed`, and nothing else changes.
    The outside service is asked before anything is written.
    """
    _refuse_ordered(draft)
    typed = delivery.typed(fields)
    try:
        typed = delivery.clean(fields)
        cleaned, verdict = delivery.judge(
            typed,
            keep=fields.get("keep") is True,
            use_suggestion=fields.get("use_suggestion") is True,
            place_id=str(fields.get("place_id") or ""),
            asking=asking,
        )
    except Exception:  # refused or an outage: either way what was typed is kept, and the error goes on upwards
        if typed:
            update(draft.id, lambda newest: setattr(newest, "typed", typed))
        raise

    def change(newest: Draft) -> None:
        _refuse_ordered(newest)
        newest.delivery, newest.address, newest.typed = cleaned, verdict, None
        newest.language = cleaned["language"]
        _mark_stale(newest)

    return _changed(update(draft.id, change))


def set_coupon(draft: Draft, text: str) -> Draft:
    """Enters a coupon code, or removes it where the text is empty; raises CouponRefused, and then changes nothing."""
    code = coupons.spelled(text)
    if code:
        coupons.find(code, draft_id=draft.id, email=str((draft.delivery or {}).get("email") or ""))

    def change(newest: Draft) -> None:
        _refuse_ordered(newest)
        if newest.coupon != code:
            newest.coupon = code
            _mark_stale(newest)

    return _changed(update(draft.id, change))


def photo_removed(draft: Draft, photo_id: str) -> Draft:
    """Drops the items of a photo that was taken out of the draft; called when a photo is deleted."""

    def change(newest: Draft) -> None:
        _refuse_ordered(newest)
        left = [item for item in newest.items if item["photo"] != photo_id]
        if len(left) != len(newest.items):
            newest.items = left
            _mark_stale(newest)

    return _changed(update(draft.id, change))


def reorder_asked(draft: Draft, number: str) -> Draft:
    """Notes that an earlier order's photos are on their way into the draft; asked twice meanwhile, once."""

    def change(newest: Draft) -> None:
        _refuse_ordered(newest)
        if newest.reorders.get(number, {}).get("state") != "fetching":
            newest.reorders[number] = {"state": "fetching", "key": f"reorder:{number}:{newest.id}:{newest.version}"}

    return update(draft.id, change)


def reorder_ended(draft_id: str, number: str, state: str, rows: list[dict[str, Any]]) -> Draft:
    """The photos are there, or will not come: adds the checked `rows` that the draft has not got yet, once."""

    def change(newest: Draft) -> None:
        if newest.ordered or newest.reorders.get(number, {}).get("state") != "fetching":
            return
        newest.reorders[number]["state"] = state
        added = [row for row in rows if row not in newest.items]
        if added:
            newest.items = newest.items + added
            _mark_stale(newest)

    return _changed(update(draft_id, change))


def keep(draft_id: str, seconds: int) -> None:
    """Lets the draft and its photos live at least `seconds` from now (a voucher's life, a payment under way)."""
    with contextlib.suppress(DraftExpired):
        update(draft_id, lambda newest: None, seconds)
    stash.prolong(draft_id, seconds)


def mark_ordered(draft_id: str, order_number: str) -> None:
    """After payment: the draft can change no more, and its visitor gets a new one."""
    with contextlib.suppress(DraftExpired):
        update(draft_id, lambda newest: setattr(newest, "ordered", order_number))


def delete(draft_id: str) -> None:
    _redis().delete(_key(draft_id))


def _refuse_ordered(draft: Draft) -> None:
    if draft.ordered:
        raise DraftOrdered


def _mark_stale(draft: Draft) -> None:
    if draft.checkout:
        draft.checkout["stale"] = True


def _changed(draft: Draft) -> Draft:
    """C6: the Sessions opened for what the draft was before are expired within seconds, by a task of payments'."""
    if draft.checkout and draft.checkout.get("stale"):
        outdated = Order.objects.filter(number=draft.checkout.get("order")).values_list("pk", flat=True).first()
        with transaction.atomic():
            enqueue(
                "payments.expire_attempts",
                key=f"expire:{draft.id}:{draft.version}",
                payload={"draft_id": draft.id} | ({"order_id": outdated} if outdated else {}),
            )
    return draft


def _successor(draft_id: str, owner: int | None, seconds: int = FOLLOWED_SECONDS) -> Draft:
    """The first that was made after this draft; who comes second within `seconds` takes it, and its own is deleted."""
    draft = create(owner=owner)
    while not _redis().set(f"{_key(draft_id)}:next", draft.id, nx=True, ex=seconds):
        next_id = force_str(_redis().get(f"{_key(draft_id)}:next") or "")
        found = get(next_id) if next_id else None
        if found is not None and not found.ordered:
            delete(draft.id)
            return found
        draft_id = next_id or draft_id
    return draft


def _owner(request: HttpRequest) -> int | None:
    """The trade customer's user id; staff and visitors own no drafts."""
    return request.user.pk if request.user.is_authenticated and not request.user.is_staff else None


def _owned(draft: Draft, request: HttpRequest) -> bool:
    return draft.owner is not None and request.user.is_authenticated and draft.owner == request.user.pk


def _prolong_if_due(request: HttpRequest, draft: Draft) -> None:
    left = (draft.expires_at - timezone.now()).total_seconds()
    if left < settings.DRAFT_TTL_SECONDS - PROLONG_EVERY_SECONDS and not draft.ordered:
        keep(draft.id, settings.DRAFT_TTL_SECONDS)
        draft.expires_at = timezone.now() + datetime.timedelta(seconds=settings.DRAFT_TTL_SECONDS)
        request.session.modified = True


def _seconds_left(draft: Draft) -> int:
    return max(1, int((draft.expires_at - timezone.now()).total_seconds()))


def _dump(draft: Draft) -> str:
    fields = dataclasses.asdict(draft)
    return json.dumps(fields | {"created_at": draft.created_at.isoformat(), "expires_at": draft.expires_at.isoformat()})


def _load(data: bytes | str) -> Draft:
    fields = json.loads(data)
    for name in ("created_at", "expires_at"):
        fields[name] = datetime.datetime.fromisoformat(fields[name])
    return Draft(**fields)


def _key(draft_id: str) -> str:
    return f"draft:{draft_id}"


def _redis() -> "redis.Redis":
    connection: redis.Redis = get_redis_connection("default")
    return connection
