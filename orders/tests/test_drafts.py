"""Drafts: whose they are, what they hold, and that parallel changes are never lost (U0, U4, U5, S8, C62, C6)."""

import threading
from typing import Any

import pytest
from django.http import Http404
from django.test import Client, RequestFactory
from django.utils import timezone
from django_redis import get_redis_connection

from accounts.models import User
from orders import catalogue, drafts, links
from orders.basket import load
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftExpired, DraftOrdered, Invalid
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from uploads import stash

pytestmark = pytest.mark.django_db


def request_of(client: Client, method: str = "get", user: object = None) -> Any:
    """A request in the client's session."""
    from django.contrib.auth.models import AnonymousUser

    request: Any = getattr(RequestFactory(), method)("/")
    request.session = client.session
    request.user = user or AnonymousUser()
    return request


def test_reading_current_makes_a_draft_once(client: Client) -> None:
    """U5: the same browser finds the same draft again."""
    first = drafts.for_request(request := request_of(client))
    request.session.save()
    again = drafts.for_request(request_of(client))
    assert again.id == first.id
    assert len(first.id) >= 32


def test_the_session_holds_only_the_drafts_id(client: Client) -> None:
    request = request_of(client)
    draft = drafts.for_request(request)
    assert dict(request.session.items()) == {"draft": draft.id}


@pytest.mark.parametrize("made_up", ["x", "current2", "0" * 32])
def test_an_id_that_the_client_made_up_opens_nothing(client: Client, made_up: str) -> None:
    """S8."""
    with pytest.raises(Http404):
        drafts.for_request(request_of(client), made_up)


def test_another_visitors_draft_is_not_found(client: Client) -> None:
    """C62."""
    other = drafts.create()
    with pytest.raises(Http404):
        drafts.for_request(request_of(client), other.id)


def test_a_trade_customer_opens_his_own_drafts_and_no_others(client: Client) -> None:
    """C62."""
    owner = User.objects.create_user("trade@example.test", "a-long-password")
    other = User.objects.create_user("other@example.test", "a-long-password")
    draft = drafts.create(owner=owner.pk)
    assert drafts.for_request(request_of(client, user=owner), draft.id).id == draft.id
    with pytest.raises(Http404):
        drafts.for_request(request_of(client, user=other), draft.id)


def test_writing_without_a_draft_makes_none_unless_asked(client: Client) -> None:
    with pytest.raises(Http404):
        drafts.for_request(request_of(client, "put"))
    assert drafts.for_request(request_of(client, "post"), create=True).items == []


def test_a_draft_that_expired_says_so(client: Client) -> None:
    request = request_of(client, "post")
    drafts.delete(drafts.for_request(request, create=True).id)
    request.session.save()
    with pytest.raises(DraftExpired):
        drafts.for_request(request_of(client, "put"))


@pytest.mark.parametrize("begun_by", ["page", "api"])
def test_after_payment_the_visitor_gets_a_new_draft_and_a_new_session_key(client: Client, begun_by: str) -> None:
    """S8: with the next page at the latest, whatever made the new draft; the old key then opens nothing."""
    old, key = visitors.draft_of(client), client.cookies["sessionid"].value
    drafts.mark_ordered(old.id, "PO-1")
    new = client.get("/api/v1/drafts/current/").json()["id"] if begun_by == "api" else None
    client.get("/")
    new = new or client.session["draft"]
    assert new != old.id
    assert client.cookies["sessionid"].value != key
    assert dict(client.session.items()) == {"draft": new, drafts.EARLIER: [old.id]}
    stranger = Client()
    stranger.cookies["sessionid"] = key
    assert visitors.draft_of(stranger).id not in (old.id, new)
    assert stranger.get(f"/api/v1/drafts/{new}/").status_code == 404


@pytest.mark.parametrize("followed", [False, True])
def test_a_client_of_the_api_alone_gets_a_new_session_key_with_the_paid_order(client: Client, followed: bool) -> None:
    """S8: where it first sees that its order is paid, whether or not it has the next draft by then; once."""
    old, key = visitors.draft_of(client), client.cookies["sessionid"].value
    order = OrderFactory(draft_id=old.id)
    path = f"/api/v1/orders/{order.number}/?t={links.token(order)}"
    assert client.get(path).status_code == 200
    assert (client.session["draft"], client.cookies["sessionid"].value) == (old.id, key)
    Order.objects.update(state="paid", payment_state="paid", paid_at=timezone.now())
    drafts.mark_ordered(old.id, order.number)
    if followed:
        client.get("/api/v1/drafts/current/")
    assert client.get(path).json()["state"] == "paid"
    new, new_key = client.session["draft"], client.cookies["sessionid"].value
    assert (new != old.id, new_key != key) == (True, True)
    assert dict(client.session.items()) == {"draft": new, drafts.EARLIER: [old.id]}
    stranger = Client()
    stranger.cookies["sessionid"] = key
    assert visitors.draft_of(stranger).id not in (old.id, new)
    client.get(path)
    assert (client.session["draft"], client.cookies["sessionid"].value) == (new, new_key)


def test_who_only_holds_the_link_of_a_paid_order_gets_no_session(client: Client) -> None:
    order = OrderFactory(paid=True)
    assert client.get(f"/api/v1/orders/{order.number}/?t={links.token(order)}").status_code == 200
    assert "sessionid" not in client.cookies


def test_the_draft_after_the_next_is_found_too() -> None:
    """Asked for by a session that knows the first alone."""
    ids = [drafts.create().id]
    for _unused in range(3):
        drafts.mark_ordered(ids[-1], "PO-1")
        ids.append(drafts._successor(ids[0], None).id)
    assert len(set(ids)) == 4
    assert drafts._successor(ids[0], None).id == ids[-1]
    assert drafts._successor(ids[2], None).id == ids[-1]
    assert len(get_redis_connection("default").keys("draft:*")) == 4 + 3  # and a mark at each that was followed


def test_an_ordered_draft_cannot_change(settings: Any) -> None:
    """C66."""
    draft = visitors.complete()
    drafts.mark_ordered(draft.id, "PO-1")
    with pytest.raises(DraftOrdered):
        drafts.set_items(draft, [])
    with pytest.raises(DraftOrdered):
        drafts.set_delivery(drafts.get(draft.id) or draft, visitors.PICKUP)
    assert len((drafts.get(draft.id) or draft).items) == 1


def checkout_begins(newest: Draft) -> None:
    newest.checkout = {"order": "PO-1", "fingerprint": "f"}


def test_a_draft_expires_a_day_after_the_last_change(settings: Any) -> None:
    draft = drafts.create()
    assert 86_390 < get_redis_connection("default").ttl(f"draft:{draft.id}") <= 86_400
    get_redis_connection("default").expire(f"draft:{draft.id}", 100)
    drafts.update(draft.id, checkout_begins)
    assert 86_390 < get_redis_connection("default").ttl(f"draft:{draft.id}") <= 86_400


def test_using_a_draft_prolongs_it_and_its_photos(client: Client, settings: Any) -> None:
    """U5."""
    settings.DRAFT_TTL_SECONDS = 1000
    request = request_of(client)
    draft = drafts.for_request(request)
    photo = visitors.photo(draft)
    settings.DRAFT_TTL_SECONDS = 5000
    prolonged = drafts.for_request(request)
    assert (prolonged.expires_at - draft.expires_at).total_seconds() > 3900
    later = stash.get(draft.id, photo.id)
    assert later is not None
    assert (later.expires_at - photo.expires_at).total_seconds() > 3900


@pytest.mark.race
def test_twenty_changes_at_once_all_arrive() -> None:
    """U4. Written back without looking, most of them would be lost."""
    draft = drafts.create()

    def add(number: int) -> None:
        drafts.update(draft.id, lambda newest: newest.items.append({"photo": str(number)}))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = drafts.get(draft.id)
    assert kept is not None
    assert sorted(item["photo"] for item in kept.items) == sorted(map(str, range(20)))
    assert kept.version == 20


@pytest.fixture
def draft() -> Draft:
    catalogue.install_default_catalogue()
    return drafts.create()


def test_items_are_priced_and_judged(draft: Draft) -> None:
    photo = visitors.photo(draft)
    large = visitors.row(photo, 1, product="20x30", finish="glossy", fit="border")
    basket = load(drafts.set_items(draft, [visitors.row(photo, 3), large]))
    assert [(p.unit_cents, p.line_cents, p.dpi, p.quality) for p in basket.prints] == [
        (35, 105, 304, "good"),
        (350, 350, 160, "fair"),
    ]
    assert (basket.totals.items_cents, basket.totals.prints) == (455, 4)


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9, "2", 1.0, True, None])
def test_a_quantity_outside_the_bounds_is_refused_and_changes_nothing(draft: Draft, quantity: object) -> None:
    """U0."""
    photo = visitors.photo(draft)
    drafts.set_items(draft, [visitors.row(photo, 3)])
    with pytest.raises(Invalid) as refusal:
        drafts.set_items(draft, [visitors.row(photo), visitors.row(photo) | {"quantity": quantity}])
    first, second = list(refusal.value.errors)
    assert not first
    assert [error.code for error in second["quantity"]] == ["invalid_quantity"]  # type: ignore[index]  # errors by row or by field, known here
    assert [item["quantity"] for item in (drafts.get(draft.id) or draft).items] == [3]


WHOLE: dict[str, object] = {"x": 0, "y": 0, "width": 1, "height": 1}
BAD_TURNS: list[object] = [45, -90, 360, 90.0, "90", True, None, [90], 10**400]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"photo": "made-up"}, "photo", "unknown_photo"),
        ({"photo": ["a"]}, "photo", "unknown_photo"),
        ({"product": "99x99"}, "product", "unknown_product"),
        ({"finish": "gold"}, "finish", "unknown_finish"),
        ({"fit": "stretch"}, "fit", "invalid_fit"),
        ({"crop": {"x": 0.5, "y": 0, "width": 0.6, "height": 1}}, "crop", "invalid_crop"),
        ({"crop": {"x": 0, "y": 0, "width": 0, "height": 1}}, "crop", "invalid_crop"),
        ({"crop": {"x": float("nan"), "y": 0, "width": 1, "height": 1}}, "crop", "invalid_crop"),
        ({"crop": {"x": 10**400, "y": 0, "width": 1, "height": 1}}, "crop", "invalid_crop"),
        ({"crop": "all"}, "crop", "invalid_crop"),
        *(({"crop": WHOLE | {"turn": turn}, "fit": "crop"}, "crop", "invalid_turn") for turn in BAD_TURNS),
        *(({"crop": WHOLE | {"turn": turn}, "fit": "border"}, "crop", "invalid_turn") for turn in BAD_TURNS),
    ],
)
def test_a_wrong_row_says_what_is_wrong(draft: Draft, changes: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        drafts.set_items(draft, [visitors.row(visitors.photo(draft)) | changes])
    assert [error.code for error in next(iter(refusal.value.errors))[field]] == [code]  # type: ignore[index]  # errors by row or by field, known here
    assert (drafts.get(draft.id) or draft).items == []


def test_a_photo_of_another_draft_cannot_be_ordered(draft: Draft) -> None:
    """C62."""
    with pytest.raises(Invalid):
        drafts.set_items(draft, [visitors.row(visitors.photo(drafts.create()))])


def test_a_broken_photo_cannot_be_ordered(draft: Draft) -> None:
    with pytest.raises(Invalid):
        drafts.set_items(draft, [visitors.row(visitors.photo(draft, state="broken"))])


def test_a_crop_is_kept_with_the_papers_sides(draft: Draft) -> None:
    """U8: what the browser gets back is what will be cut."""
    photo = visitors.photo(draft, width=1000, height=1000)
    crop = {"x": 0, "y": 0, "width": 1, "height": 0.9}
    changed = drafts.set_items(draft, [visitors.row(photo, product="10x15", crop=crop)])
    assert changed.items[0]["crop"] == {
        "x": 0.0,
        "y": pytest.approx(0.116667),
        "width": 1.0,
        "height": pytest.approx(0.666667),
    }


def test_a_turned_photo_is_cut_and_judged_as_it_lies(draft: Draft) -> None:
    """U6, U8: 1800 × 1200 turned is 1200 × 1800; the cut is of that, with the paper's sides."""
    photo = visitors.photo(draft)
    crop = {"x": 0, "y": 0.5, "width": 0.5, "height": 0.5, "turn": 90}
    basket = load(drafts.set_items(draft, [visitors.row(photo, product="square-15x15", crop=crop)]))
    assert basket.prints[0].row["crop"] == {
        "x": 0.0,
        "y": pytest.approx(0.583333),
        "width": 0.5,
        "height": pytest.approx(0.333333),
        "turn": 90,
    }
    assert basket.prints[0].dpi == 101


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize(("fit", "product"), [("crop", "10x15"), ("border", "10x15"), ("crop", "square-15x15")])
def test_a_turn_is_kept_without_a_cut_and_none_leaves_nothing(draft: Draft, turn: int, fit: str, product: str) -> None:
    """U8: the cut stays in the middle in every size; a white border forgets a cut, not the turn."""
    photo = visitors.photo(draft)
    sent = WHOLE | ({"width": 0.5} if fit == "border" else {}) | {"turn": turn}
    changed = drafts.set_items(draft, [visitors.row(photo, product=product, fit=fit, crop=sent)])
    assert changed.items[0]["crop"] == WHOLE | {"turn": turn}
    changed = drafts.set_items(draft, [visitors.row(photo, product=product, fit="border", crop=WHOLE | {"turn": 0})])
    assert changed.items[0]["crop"] is None


def test_items_of_a_removed_photo_go_with_it(draft: Draft) -> None:
    kept, gone = visitors.photo(draft), visitors.photo(draft)
    drafts.set_items(draft, [visitors.row(kept), visitors.row(gone)])
    stash.remove(draft.id, gone.id)
    assert [item.photo.id for item in load(drafts.get(draft.id) or draft).prints] == [kept.id]
    assert [item["photo"] for item in drafts.photo_removed(draft, gone.id).items] == [kept.id]


def test_nothing_of_a_draft_is_written_to_the_database_until_it_has_been_frozen(draft: Draft) -> None:
    drafts.set_items(draft, [visitors.row(visitors.photo(draft))])
    drafts.set_delivery(draft, visitors.PICKUP)
    assert not OutboxMessage.objects.exists()


def test_changing_a_draft_whose_checkout_is_open_expires_its_sessions(draft: Draft) -> None:
    """C6: one task a change, so that a later change is not taken for one that was dealt with."""
    photo = visitors.photo(draft)
    drafts.update(draft.id, checkout_begins)
    drafts.set_items(draft, [visitors.row(photo)])
    drafts.set_items(draft, [visitors.row(photo, 2)])
    messages = OutboxMessage.objects.filter(task="payments.expire_attempts")
    assert [message.payload for message in messages] == [{"draft_id": draft.id}] * 2


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("method", "pigeon", "invalid_choice"),
        ("method", None, "required"),
        ("name", "  ", "required"),
        ("name", "x" * 121, "too_long"),
        ("name", 5, "invalid"),
        ("name", "\ud800", "invalid"),
        ("email", "maria", "invalid_email"),
        ("email", "maria@a\u0628.com", "invalid_email"),
        ("postal_code", "28013", "invalid_postal_code"),
        ("nif", "123456788", "invalid_nif"),
        ("phone", "12", "invalid_phone"),
        ("language", "fr", "invalid_choice"),
        ("note", "x" * 1001, "too_long"),
    ],
)
def test_a_wrong_delivery_field_is_named_and_google_not_asked(
    draft: Draft, settings: Any, field: str, value: object, code: str
) -> None:
    """A4. Google is out of reach here: asking it would answer address_service_unavailable."""
    settings.GOOGLE_MAPS_API_KEY = ""
    with pytest.raises(Invalid) as refusal:
        drafts.set_delivery(draft, visitors.POST | {field: value})
    assert [error.code for error in refusal.value.errors[field]] == [code]  # type: ignore[call-overload]  # errors by row or by field, known here
    assert (drafts.get(draft.id) or draft).delivery is None


def test_delivery_fields_are_written_in_one_form(draft: Draft) -> None:
    changed = drafts.set_delivery(
        draft,
        visitors.PICKUP
        | {"name": "  Maria \x00 João ", "phone": "912 345 678", "nif": "123 456 789", "note": "a\r\nb"},
    )
    assert changed.delivery is not None
    assert {name: changed.delivery[name] for name in ("name", "phone", "nif", "note", "language")} == {
        "name": "Maria João",
        "phone": "+351912345678",
        "nif": "123456789",
        "note": "a\nb",
        "language": "pt",
    }


def test_pickup_keeps_no_address(draft: Draft) -> None:
    """A5."""
    changed = drafts.set_delivery(draft, visitors.POST | {"method": "pickup", "postal_code": "nonsense"})
    assert changed.delivery is not None
    assert (changed.delivery["street"], changed.delivery["postal_code"]) == ("", "")
    assert load(changed).totals.shipping_cents == 0


def test_an_outage_keeps_what_was_typed(draft: Draft, settings: Any) -> None:
    """A3: nothing is lost, and nobody pays with an address that was not checked."""
    from addresses.services import AddressServiceUnavailable

    settings.GOOGLE_MAPS_API_KEY = ""
    with pytest.raises(AddressServiceUnavailable):
        drafts.set_delivery(draft, visitors.POST)
    kept = drafts.get(draft.id)
    assert kept is not None
    assert (kept.delivery, kept.address) == (None, None)
    assert kept.typed is not None
    assert kept.typed["street"] == "Rua Augusta 100"
