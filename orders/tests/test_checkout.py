"""Freezing a draft into an order: C5, C6, C66, C49's data side, P1, and nothing personal in PostgreSQL."""

import dataclasses
import datetime
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from orders import basket as baskets
from orders import checkout, drafts, snapshots
from orders.models import Coupon, LegalDocument, Order, PriceTier, ShopSettings
from orders.problems import DraftBusy, DraftExpired, DraftIncomplete, DraftOrdered, TermsNotAccepted
from orders.tests import visitors
from outbox.models import OutboxMessage
from uploads import stash
from uploads.tests.stashed_bytes import bytes_of

pytestmark = pytest.mark.django_db


def freeze(draft: drafts.Draft, *, terms: bool = True) -> Order:
    return checkout.freeze(draft, language="pt", terms=terms)


def test_a_complete_draft_becomes_a_pending_order_with_the_servers_prices() -> None:
    """C1, P1."""
    draft = visitors.complete()
    order = freeze(draft)
    assert (order.state, order.draft_id, order.method, order.zone) == ("pending", draft.id, "pickup", "")
    assert (order.items_cents, order.shipping_cents, order.total_cents, order.tax_cents, order.prints) == (
        70,
        0,
        70,
        13,
        2,
    )
    assert (order.terms_version, order.privacy_version, order.withdrawal_version) == ("2", "2", "2")
    item = order.items.get()
    assert (item.product_code, item.finish_code, item.quantity, item.unit_cents, item.line_cents) == (
        "10x15",
        "matte",
        2,
        35,
        70,
    )
    assert (item.dpi, item.quality, item.border_mm) == (304, "good", 0)
    assert [(event.kind, event.from_state, event.to_state) for event in order.events.all()] == [
        ("created", "", "pending")
    ]


def test_freezing_again_unchanged_gives_the_same_order() -> None:
    """C5."""
    draft = visitors.complete()
    assert freeze(draft).pk == freeze(draft).pk
    assert Order.objects.count() == 1


def test_typing_the_same_delivery_again_gives_the_same_order() -> None:
    draft = visitors.complete()
    first = freeze(draft)
    drafts.set_delivery(draft, visitors.PICKUP)
    assert freeze(draft).pk == first.pk


def test_a_changed_draft_gives_a_new_order_and_leaves_the_old_one_as_frozen() -> None:
    """C6, C66: the old order's Sessions are expired by a task; neither its prints nor its photos change."""
    draft = visitors.complete()
    first = freeze(draft)
    other = visitors.photo(draft, "outra.jpg")
    drafts.set_items(draft, [visitors.row(other, 9)])
    second = freeze(draft)
    assert second.pk != first.pk
    assert [(item.quantity, item.photo.photo_id) for item in second.items.all()] == [(9, other.id)]
    assert [item.quantity for item in first.items.all()] == [2]
    messages = OutboxMessage.objects.filter(task="payments.expire_attempts")
    assert [message.payload for message in messages] == [
        {"order_id": first.pk, "draft_id": draft.id},  # by the change
        {"order_id": second.pk, "draft_id": draft.id},  # by this checkout
    ]


def test_deleting_a_photo_from_the_draft_leaves_it_to_the_order() -> None:
    """C66."""
    draft = visitors.complete()
    order = freeze(draft)
    photo_id = order.photos.get().photo_id
    stash.remove(draft.id, photo_id)
    drafts.photo_removed(draft, photo_id)
    assert bytes_of(photo_id).startswith(b"photo ")
    assert stash.held(order.number) == [photo_id]


@pytest.mark.parametrize("quantity", ["2", "many"])
def test_a_photo_removed_without_a_script_closes_the_payment_page_also_beside_a_mistake(
    client: Client, quantity: str
) -> None:
    """C6: with "many" typed as the other photo's quantity the form comes back, and the photo is gone all the same."""
    draft = visitors.complete()
    kept, gone = visitors.photo(draft), stash.photos(draft.id)[0]
    drafts.set_items(draft, [visitors.row(gone, 2), visitors.row(kept)])
    order = freeze(draft)
    before = OutboxMessage.objects.filter(task="payments.expire_attempts").count()
    visitors.draft_of(client)
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    rows = {f"{name}-{n}": value for n in "01" for name, value in {"product": "10x15", "finish": "matte"}.items()}
    rows |= {"photo-0": gone.id, "quantity-0": "2", "fit-0": "crop", "photo-1": kept.id, "fit-1": "crop"}
    answer = client.post("/prints/", rows | {"quantity-1": quantity, "remove_photo": gone.id})
    assert answer.status_code == (422 if quantity == "many" else 302)
    assert [photo.id for photo in stash.photos(draft.id)] == [kept.id]
    newest = drafts.get(draft.id)
    assert newest is not None
    assert newest.checkout is not None
    assert ([row["photo"] for row in newest.items], newest.checkout["stale"]) == ([kept.id], True)
    messages = list(OutboxMessage.objects.filter(task="payments.expire_attempts"))[before:]
    assert {message.payload["order_id"] for message in messages} == {order.pk}


def test_a_price_changed_by_the_owner_makes_a_new_order() -> None:
    draft = visitors.complete()
    first = freeze(draft)
    PriceTier.objects.filter(product__code="10x15", from_quantity=1).update(unit_cents=40)
    second = freeze(draft)
    assert (first.total_cents, second.total_cents) == (70, 80)
    assert OutboxMessage.objects.filter(task="payments.expire_attempts").count() == 1


def test_an_expired_order_is_not_paid_for_again() -> None:
    draft = visitors.complete()
    first = freeze(draft)
    Order.objects.filter(pk=first.pk).update(state=Order.State.EXPIRED)
    assert freeze(draft).pk != first.pk


def test_the_snapshot_holds_what_the_database_may_not() -> None:
    draft = visitors.complete("avó & avô 🎉.jpg")
    order = freeze(draft)
    snapshot = snapshots.load(order.number)
    assert snapshot is not None
    assert snapshot.delivery["name"] == "Maria João Ângelo"
    assert snapshot.filenames == {1: "avó & avô 🎉.jpg"}
    assert snapshot.photo_ids == [order.photos.get().photo_id]
    assert order.photos.get().filename == ""


def test_what_was_frozen_outlives_the_payment_page(settings: Any) -> None:
    """C4: whatever CHECKOUT_EXPIRES_SECONDS is, draft, photos and snapshot live longer."""
    settings.DRAFT_TTL_SECONDS, settings.CHECKOUT_EXPIRES_SECONDS = 600, 86_400
    draft = visitors.complete()
    order = freeze(draft)
    redis = get_redis_connection("default")
    assert redis.ttl(f"draft:{draft.id}") > 86_400
    assert redis.ttl(f"snapshot:{order.number}") > 86_400
    assert redis.ttl(f"photo:{order.photos.get().photo_id}") > 86_400


def test_freezing_again_never_shortens_what_a_voucher_or_a_review_keeps() -> None:
    """C30: "pay" pressed again while a voucher waits."""
    draft = visitors.complete()
    order = freeze(draft)
    redis, key = get_redis_connection("default"), f"snapshot:{order.number}"
    assert 0 < redis.ttl(key) < 7 * 86_400
    snapshots.prolong(order.number, 7 * 86_400)
    assert freeze(draft) == order
    assert redis.ttl(key) == pytest.approx(7 * 86_400, abs=5)
    assert redis.ttl(f"snapshot:{order.number}x") == -2
    first = snapshots.load(order.number)
    assert first is not None
    snapshots.save(f"{order.number}x", first, 60)
    assert redis.ttl(f"snapshot:{order.number}x") == pytest.approx(60, abs=5)


def test_an_empty_draft_says_all_that_is_missing() -> None:
    with pytest.raises(DraftIncomplete) as refusal:
        freeze(drafts.create())
    assert refusal.value.missing == ["items", "delivery"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("state", ["checking", "broken"])
def test_photos_that_are_not_ready_keep_the_draft_from_being_paid(state: str) -> None:
    draft = visitors.complete()
    photo = visitors.photo(draft, state="checking")
    drafts.set_items(draft, [visitors.row(photo, 2)])
    if state == "broken":
        stash.mark_broken(draft.id, photo.id, "image_broken")
    with pytest.raises(DraftIncomplete) as refusal:
        freeze(draft)
    assert refusal.value.missing == ["photos"]


def test_a_broken_photo_that_nobody_ordered_is_no_obstacle() -> None:
    draft = visitors.complete()
    visitors.photo(draft, state="broken")
    assert freeze(draft).photos.count() == 1


def test_an_address_without_a_verdict_cannot_be_paid_for() -> None:
    """A2: the verdict is the server's; a suggested address waits for the customer's word."""
    draft = visitors.complete()
    for verdict in (None, {"kind": "suggested", "confirmed": False, "zone": "mainland"}):
        drafts.update(draft.id, lambda newest, verdict=verdict: setattr(newest, "address", verdict))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        with pytest.raises(DraftIncomplete) as refusal:
            freeze(draft)
        assert refusal.value.missing == ["delivery"]


def test_below_the_minimum_order_nothing_is_frozen() -> None:
    draft = visitors.complete()
    ShopSettings.objects.create(minimum_order_cents=71)
    with pytest.raises(DraftIncomplete) as refusal:
        freeze(draft)
    assert refusal.value.missing == ["minimum_order"]


def test_below_the_least_sum_that_stripe_charges_nothing_is_frozen() -> None:
    """C31: one print for pickup costs 35 cents, Stripe's least is 50; by post the same print is above it."""
    draft = visitors.complete()
    one = drafts.set_items(draft, [{**draft.items[0], "quantity": 1}])
    with pytest.raises(DraftIncomplete) as refusal:
        freeze(one)
    assert refusal.value.missing == ["minimum_order"]
    assert not Order.objects.exists()
    unknown = dataclasses.replace(one, delivery=None, address=None)
    assert checkout.missing(baskets.load(unknown)) == ["delivery"]
    mainland = {"zone": "mainland", "confirmed": True}
    posted = dataclasses.replace(one, delivery={"method": "post"}, address=mainland)
    assert checkout.missing(baskets.load(posted)) == []


def test_an_order_of_exactly_the_least_sum_is_frozen() -> None:
    """C31: what a code leaves to be paid."""
    draft = visitors.complete()
    Coupon.objects.create(code="METADE", kind="percent", percent=50)
    assert freeze(drafts.set_coupon(draft, "METADE")).total_cents == 50


def test_nobody_pays_without_the_terms() -> None:
    """P1."""
    with pytest.raises(TermsNotAccepted):
        freeze(visitors.complete(), terms=False)
    assert not Order.objects.exists()


def test_new_terms_make_a_new_order_with_their_version() -> None:
    draft = visitors.complete()
    first = freeze(draft)
    LegalDocument.objects.create(kind="terms", version="3", body_pt="x", body_en="x")
    assert (first.terms_version, freeze(draft).terms_version) == ("2", "3")


def test_terms_planned_for_tomorrow_are_accepted_by_nobody_today() -> None:
    """P1: the version that an order names is one that can no longer be edited."""
    draft = visitors.complete()
    first = freeze(draft)
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    LegalDocument.objects.create(kind="terms", version="3", body_pt="x", body_en="x", published_at=tomorrow)
    again = freeze(draft)
    assert (again.pk, again.terms_version) == (first.pk, "2")
    LegalDocument.objects.filter(version="3").update(published_at=timezone.now())
    assert freeze(draft).terms_version == "3"


def test_an_ordered_or_expired_draft_is_refused() -> None:
    """C66: the old one was paid meanwhile."""
    draft = visitors.complete()
    drafts.mark_ordered(draft.id, "PO-1")
    with pytest.raises(DraftOrdered):
        freeze(draft)
    drafts.delete(draft.id)
    with pytest.raises(DraftExpired):
        freeze(draft)


def test_a_change_in_the_very_moment_of_freezing_is_noticed() -> None:
    """C66: what is paid for is what the draft holds; else the customer is asked to try again."""
    draft = visitors.complete()
    stale = drafts.get(draft.id)
    assert stale is not None
    order = freeze(draft)
    drafts.set_items(draft, [visitors.row(visitors.photo(draft), 5)])
    with pytest.raises(DraftBusy):
        checkout._note(stale, order, "fingerprint", 60)
    assert (drafts.get(draft.id) or draft).checkout == {
        "fingerprint": order.fingerprint,
        "order": order.number,
        "stale": True,
    }


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_pay_at_once_make_one_order() -> None:
    """C5. Without the unique constraint each of them would find none and make its own."""
    draft = visitors.complete()
    barrier = threading.Barrier(8)
    numbers: list[str] = []

    def click() -> None:
        barrier.wait()
        try:
            numbers.append(freeze(draft).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 8
    assert len(set(numbers)) == 1
    assert Order.objects.count() == 1
    assert Order.objects.get().items.count() == 1
