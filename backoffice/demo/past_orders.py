"""Demo orders, made by the same code as real ones: photos stashed, draft frozen, paid, stored, moved on.

Only what would need the outside is made up here: the verdict on the address, the payment, and when it all happened.
"""

import contextlib
import datetime
from collections.abc import Iterator

from django.db import transaction
from django.db.models.signals import pre_save
from django.utils import timezone

from backoffice.demo import pictures
from backoffice.demo.people import owner
from backoffice.demo.stories import STORIES, Story
from backoffice.order_steps import STEPS
from orders import checkout, drafts, fulfilment, print_process, services, snapshots
from orders.drafts import Draft
from orders.models import Order, OrderEvent
from outbox.models import OutboxMessage
from payments import books
from payments.models import PaymentAttempt, PaymentEvent, Refund
from uploads import stash
from uploads.storage import StorageError

MAIL_ERROR = "smtplib.SMTPServerDisconnected: Connection unexpectedly closed (made up for the demo)"


def install_orders() -> tuple[int, bool]:
    """Makes the orders that are missing: (how many now, whether all their photos reached S3)."""
    made, stored = 0, True
    known = set(
        PaymentAttempt.objects.filter(session_id__startswith="cs_test_demo_").values_list("session_id", flat=True)
    )
    try:
        for story in STORIES:
            if session_id(story) not in known:
                stored = _tell(story) and stored
                made += 1
    finally:
        print_process.shared.close()
    return made, stored


def session_id(story: Story) -> str:
    """By this a story is known to have been told already."""
    return f"cs_test_demo_{story.slug.replace('-', '_')}"


def _tell(story: Story) -> bool:
    draft = _draft(story)
    with _dated(story):
        order = checkout.freeze(draft, language=story.language, terms=True)
        if story.paid:
            _pay(story, order)
            stored = "lost_photos" in story.marks or _store(order)
            _move_on(story, order, stored=stored)
        else:
            _leave_unpaid(story, order)
            stored = True
    if stored:
        _tidy(draft, order)
    return stored


@contextlib.contextmanager
def _dated(story: Story) -> Iterator[None]:
    """Gives the order's events the story's times as they are written: afterwards PostgreSQL refuses to change them."""
    times = _times(story)

    def date(instance: OrderEvent, **_unused: object) -> None:
        instance.at = next(times, timezone.now())

    pre_save.connect(date, sender=OrderEvent)
    try:
        yield
    finally:
        pre_save.disconnect(date, sender=OrderEvent)


def _times(story: Story) -> Iterator[datetime.datetime]:
    """When the order was made, paid and stored, in its first minutes, then its steps over the hours until now."""
    start, now = _start(story), timezone.now()
    first = (0, 3, 4)
    yield from (start + datetime.timedelta(minutes=minutes) for minutes in first)
    events = len(first) + len(story.steps)
    yield from (start + (now - start) * (number / (events + 1)) for number in range(len(first), events))


def _draft(story: Story) -> Draft:
    """A draft with its photos checked and its address accepted."""
    draft = drafts.create(language=story.language)
    ids = {name: _photo(draft.id, name) for name in dict.fromkeys(line[0] for line in story.lines)}
    rows = [
        {"photo": ids[name], "product": product, "finish": finish, "quantity": quantity, "fit": "crop", "crop": None}
        for name, product, finish, quantity in story.lines
    ]
    draft = drafts.set_items(draft, rows)
    street, postal_code, city, zone = story.place
    delivery = {
        "method": Order.Method.POST.value if street else Order.Method.PICKUP.value,
        "name": story.name, "email": story.email, "phone": story.phone, "street": street, "extra": story.extra,
        "postal_code": postal_code, "city": city, "nif": story.nif, "language": story.language, "note": story.note,
    }  # fmt: skip
    address = {
        "kind": "confirmed", "suggestion": None, "zone": zone, "confirmed": True, "flagged": "flagged" in story.marks,
        "formatted_address": f"{street}, {postal_code} {city}, Portugal" if street else "", "place_id": "",
    }  # fmt: skip

    def change(newest: Draft) -> None:
        newest.delivery, newest.address = delivery, address

    return drafts.update(draft.id, change)


def _photo(draft_id: str, name: str) -> str:
    data, width, height = pictures.draw(name)
    with stash.open_writer(draft_id, len(data)) as writer:
        writer.write(data)
        photo = writer.commit(filename=f"{name}.jpg", content_type="image/jpeg", width=width, height=height)
    stash.mark_ready(draft_id, photo.id, width=width, height=height)
    return photo.id


def _pay(story: Story, order: Order) -> None:
    """The payment as if Stripe had confirmed it. No mails go out: their messages are done before they are sent."""
    with transaction.atomic():
        short = 100 if "review" in story.marks else 0
        attempt = _attempt(story, order, PaymentAttempt.State.CONFIRMED, received_cents=order.total_cents - short)
        lost = None if "lost_photos" not in story.marks else set(order.photos.values_list("photo_id", flat=True))
        services.mark_paid(order, snapshot=snapshots.load(order.number), missing=lost or set())
        paid_at = _start(story) + datetime.timedelta(minutes=3)
        Order.objects.filter(pk=order.pk).update(paid_at=paid_at, created_at=_start(story))
        PaymentAttempt.objects.filter(pk=attempt.pk).update(confirmed_at=paid_at)
        if short:
            Order.objects.filter(pk=order.pk).update(payment_state=Order.PaymentState.REVIEW)
        _finish_messages(order)


def _store(order: Order) -> bool:
    """Originals, thumbnails and print files into S3; False where it is away."""
    try:
        fulfilment.store(order.pk)
    except StorageError:
        return False
    return True


def _move_on(story: Story, order: Order, *, stored: bool) -> None:
    with transaction.atomic():
        for name in story.steps:
            if name == "ship":
                services.ship(order, "CTT", story.tracking, actor=owner())
            else:
                STEPS[name].take(order, owner())
        if "cancel" in story.steps:
            _gone_back(story, order)
        _finish_messages(order)
        if "failed_mail" in story.marks:
            OutboxMessage.objects.filter(key=f"email-owner:{order.number}").update(
                state=OutboxMessage.State.FAILED, attempts=8, done_at=None, last_error=MAIL_ERROR
            )
        if not stored:  # left to the workers
            OutboxMessage.objects.filter(key=f"store:{order.number}").update(
                state=OutboxMessage.State.PENDING, done_at=None
            )
        _spread(story, order)


def _gone_back(story: Story, order: Order) -> None:
    """The cancelled order's refund as if Stripe had made it: the task that would ask is done before it is sent."""
    attempt = order.attempts.get()
    Refund.objects.create(
        attempt=attempt,
        amount_cents=attempt.received_cents or 0,
        state=Refund.State.SUCCEEDED,
        reason="demo",
        actor=owner(),
        provider_id=f"re_demo_{story.slug.replace('-', '_')}",
        settled_at=timezone.now(),
    )
    order.refresh_from_db()
    books.recompute(order, attempt)
    OutboxMessage.objects.filter(key=f"refund-cancelled:{attempt.public_id}").update(
        state=OutboxMessage.State.DONE, attempts=1, done_at=timezone.now()
    )


def _leave_unpaid(story: Story, order: Order) -> None:
    with transaction.atomic():
        declined = "declined" in story.marks
        state = PaymentAttempt.State.FAILED if declined else PaymentAttempt.State.CANCELED
        _attempt(story, order, state, failure_code="card_declined" if declined else "")
        if not declined:
            services.expire(order, why="nobody paid in time")
        Order.objects.filter(pk=order.pk).update(created_at=_start(story))
        _spread(story, order)


def _attempt(story: Story, order: Order, state: str, **fields: object) -> PaymentAttempt:
    """The attempt with its history, dated by the story."""
    start = _start(story)
    confirmed = state == PaymentAttempt.State.CONFIRMED
    values: dict[str, object] = {
        "amount_cents": order.total_cents,
        "session_id": session_id(story),
        "intent_id": f"pi_demo_{story.slug.replace('-', '_')}" if confirmed else None,
        "confirmed_at": timezone.now() if confirmed else None,
        "received_cents": order.total_cents if confirmed else None,
        "expires_at": start + datetime.timedelta(hours=2),
        "created_at": start,
    }
    attempt = PaymentAttempt.objects.create(
        order=order, method=PaymentAttempt.Method.DEMO, state=state, **values | fields
    )
    history = (("created", "", 0), ("opened", "pending", 0), (state, state, 3))
    for kind, to_state, minutes in history:
        at = start + datetime.timedelta(minutes=minutes)
        PaymentEvent.objects.create(attempt=attempt, kind=kind, to_state=to_state or "created", at=at, why="demo")
    return attempt


def _finish_messages(order: Order) -> None:
    OutboxMessage.objects.filter(payload__order_id=order.pk, state=OutboxMessage.State.PENDING).update(
        state=OutboxMessage.State.DONE, attempts=1, done_at=timezone.now()
    )


def _spread(story: Story, order: Order) -> None:
    """Gives order and messages the times of the order's events."""
    start = _start(story)
    events = list(order.events.order_by("at", "pk"))
    dates = {event.to_state: event.at for event in events}
    stored = next((event.at for event in events if event.kind == "stored"), None)
    Order.objects.filter(pk=order.pk).update(
        stored_at=stored, shipped_at=dates.get(Order.State.SHIPPED), delivered_at=dates.get(Order.State.DELIVERED)
    )
    OutboxMessage.objects.filter(payload__order_id=order.pk).update(created_at=start + datetime.timedelta(minutes=3))


def _start(story: Story) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(hours=story.ago)


def _tidy(draft: Draft, order: Order) -> None:
    """Nothing of the demo stays in Redis."""
    stash.release(stash.held(order.number), order.number)
    stash.drop(draft.id)
    drafts.delete(draft.id)
    snapshots.delete(order.number)
