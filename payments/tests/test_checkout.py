"""Starting a payment against the stand-in: C1–C6, C41, C43, C44, C66, and C2 by the SDK's own types."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from stripe.params.checkout import SessionCreateParams

from orders import drafts, snapshots
from orders.drafts import Draft
from orders.models import Order, OrderItem
from orders.problems import DraftBusy, DraftIncomplete, DraftOrdered, Problem, TermsNotAccepted
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, expiry, gateway, parameters
from payments.checkout import CheckoutStarted, start_checkout
from payments.models import PaymentAttempt
from payments.problems import MethodNotOffered, PaymentServiceUnavailable
from payments.tests.sdk_types import problems
from payments.tests.stand_in import StandIn
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
SESSIONS = "/v1/checkout/sessions"


def start(draft: Draft) -> CheckoutStarted:
    return start_checkout(draft, language="pt", terms=True)


def posted(draft: Draft) -> Draft:
    """The draft with an address that was confirmed."""
    verdict = {"kind": "confirmed", "formatted_address": "R. Augusta 100", "place_id": "p", "suggestion": None}
    delivery = visitors.POST | {"phone": "+351912345678"}
    return drafts.update(
        draft.id,
        lambda newest: newest.__dict__.update(
            delivery=delivery, address=verdict | {"zone": "mainland", "confirmed": True, "flagged": False}
        ),
    )


def answer_lost(stripe_api: StandIn) -> None:
    """Stripe makes the Session, and neither that answer nor those to the SDK's two retries arrive."""
    stripe_api.fail("reset", path=SESSIONS, when="after")
    stripe_api.fail("reset", path=SESSIONS, when="before", times=2)


def made(stripe_api: StandIn) -> list[dict[str, Any]]:
    return [call for call in stripe_api.calls(SESSIONS, "POST") if call["path"] == SESSIONS]


def test_paying_makes_one_session_for_the_orders_sum(stripe_api: StandIn) -> None:
    """C1: the stored order's cents; the customer goes to Stripe's page."""
    draft = visitors.complete()
    started = start(draft)
    (session,) = stripe_api.objects("checkout.session")
    assert (session["amount_total"], session["currency"]) == (started.order.total_cents, "eur") == (70, "eur")
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.session_id, attempt.url) == ("pending", session["id"], session["url"])
    assert started.url == session["url"]
    assert session["payment_intent"] is None


def test_the_browsers_figures_are_never_believed(stripe_api: StandIn) -> None:
    """C1: a draft that was tampered with is priced anew."""
    draft = visitors.complete()
    drafts.update(draft.id, lambda newest: newest.items[0].update(unit_cents=1, line_cents=1))
    assert start(draft).order.total_cents == 70
    assert stripe_api.objects("checkout.session")[0]["amount_total"] == 70


def test_what_is_sent_is_what_the_sdk_declares(stripe_api: StandIn, settings: Any) -> None:
    """C2: unknown keys forbidden, literals enforced, with every optional part used."""
    settings.STRIPE_PAYMENT_METHODS = ["card", "multibanco"]
    order = start(posted(visitors.complete())).order
    attempt = order.attempts.get()
    params = parameters.recall(str(attempt.idempotency_key), attempt.params_hash)
    assert params is not None
    assert problems(SessionCreateParams, params) == []
    assert params["payment_intent_data"]["shipping"] == {
        "name": "Maria João Ângelo",
        "phone": "+351912345678",
        "address": {
            "line1": "Rua Augusta 100",
            "line2": "3.º Esq.",
            "postal_code": "1100-053",
            "city": "Lisboa",
            "country": "PT",
        },
    }
    assert params["metadata"] == params["payment_intent_data"]["metadata"]
    assert params["metadata"]["nif"] == "123456789"
    assert params["allowed_payment_method_types"] == ["card", "multibanco"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"payment_method_types": ["card"]},
        {"line_items": [{"quantity": "many"}]},
        {"expires_at": "soon"},
        {"ui_mode": "hosted"},
        {"locale": "pt_PT"},
        {"payment_intent_data": {"shipping": {"name": "Maria", "address": {"city": "Lisboa"}}}},
    ],
)
def test_the_check_of_parameters_can_fail(wrong: Any) -> None:
    """C2: what the test above relies on."""
    assert len(problems(SessionCreateParams, wrong)) == 1


def test_the_session_ends_in_time_and_before_the_draft(stripe_api: StandIn) -> None:
    """C4: 30 minutes to 24 hours ahead; draft, snapshot and photos outlive it."""
    draft = visitors.complete()
    order = start(draft).order
    (session,) = stripe_api.objects("checkout.session")
    ahead = session["expires_at"] - timezone.now().timestamp()
    assert 1800 <= ahead <= 86_400
    newest = drafts.get(draft.id)
    assert newest is not None
    assert newest.expires_at.timestamp() > session["expires_at"]
    assert get_redis_connection("default").ttl(f"snapshot:{order.number}") > ahead


@pytest.mark.parametrize(("wanted", "least", "most"), [(1800, 1800, 2000), (86_400, 85_000, 86_400)])
def test_the_limits_of_the_setting_are_accepted(
    stripe_api: StandIn, settings: Any, wanted: int, least: int, most: int
) -> None:
    """C4."""
    settings.CHECKOUT_EXPIRES_SECONDS = wanted
    start(visitors.complete())
    (session,) = stripe_api.objects("checkout.session")
    assert least <= session["expires_at"] - timezone.now().timestamp() <= most


@pytest.mark.race
def test_eight_clicks_at_once_leave_one_payable_session(stripe_api: StandIn) -> None:
    """C5: racing clicks and tabs."""
    draft = visitors.complete()
    results = together(8, lambda: start(draft))
    urls = {result.url for result in results if isinstance(result, CheckoutStarted)}
    assert len(urls) == 1, results
    assert all(isinstance(result, CheckoutStarted | DraftBusy | PaymentServiceUnavailable) for result in results)
    assert len(stripe_api.objects("checkout.session")) == 1
    assert (Order.objects.count(), PaymentAttempt.objects.count()) == (1, 1)


def test_a_reload_gives_the_same_page_without_asking_stripe_again(stripe_api: StandIn) -> None:
    """C5."""
    draft = visitors.complete()
    assert start(draft).url == start(draft).url
    assert len(made(stripe_api)) == 1


def test_two_open_attempts_of_an_order_are_refused_by_the_database(stripe_api: StandIn) -> None:
    """C5: also where every lock were lost."""
    order = start(visitors.complete()).order
    with pytest.raises(Exception, match="one_payable_attempt_an_order"):
        PaymentAttempt.objects.create(order=order, method="checkout", amount_cents=70)


def test_an_answer_that_never_came_is_asked_for_with_the_same_key_and_parameters(stripe_api: StandIn) -> None:
    """C41, C43: the connection broke after Stripe had made the Session; `expires_at` is repeated, not computed anew."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.session_id) == ("created", None)
    started = start(draft)
    assert len(stripe_api.objects("checkout.session")) == 1
    calls = made(stripe_api)
    assert len({call["idempotency_key"] for call in calls}) == 1
    assert len({json.dumps(call["params"], sort_keys=True) for call in calls}) == 1
    assert started.url == stripe_api.objects("checkout.session")[0]["url"]
    assert PaymentAttempt.objects.get().state == "pending"


def test_a_crash_between_the_answer_and_the_row_ends_with_the_same_session(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C41: the process dies when Stripe has answered."""
    draft = visitors.complete()

    def die(*args: object) -> PaymentAttempt:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(attempts, "opened", die)
        with pytest.raises(SystemExit):
            start(draft)
    start(draft)
    assert len(stripe_api.objects("checkout.session")) == 1
    assert PaymentAttempt.objects.get().state == "pending"


def test_the_key_is_committed_before_stripe_is_asked(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """C42, C43: at the moment of the call the row is there for other connections, and no transaction is open."""
    seen: list[Any] = []
    ask = gateway.create_session

    def watched(params: Any, *, idempotency_key: str) -> Any:
        seen.extend(
            together(1, lambda: PaymentAttempt.objects.filter(idempotency_key=idempotency_key, state="created").count())
        )
        return ask(params, idempotency_key=idempotency_key)

    monkeypatch.setattr(gateway, "create_session", watched)
    start(visitors.complete())
    assert seen == [1]


def test_a_key_older_than_a_day_is_looked_up_and_not_sent_again(stripe_api: StandIn) -> None:
    """C43: Stripe has forgotten it; the Session that was made is found by its metadata."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    asked = len(made(stripe_api))
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(hours=24))
    start(draft)
    assert len(made(stripe_api)) == asked
    assert PaymentAttempt.objects.get().session_id == stripe_api.objects("checkout.session")[0]["id"]


def test_parameters_lost_with_redis_are_not_made_up_anew_for_the_same_key(stripe_api: StandIn) -> None:
    """C43: nothing was made at Stripe, so the attempt ends and another begins, with a key of its own."""
    draft = visitors.complete()
    stripe_api.fail("reset", path=SESSIONS, when="before", times=3)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    parameters.forget(str(PaymentAttempt.objects.get().idempotency_key))
    start(draft)
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["canceled", "pending"]
    assert len(stripe_api.objects("checkout.session")) == 1


def test_a_replayed_500_is_reconciled(stripe_api: StandIn) -> None:
    """C44: the key answers 500 for good although the Session exists: it is found, and no second one is made."""
    draft = visitors.complete()
    stripe_api.fail("500", path=SESSIONS, when="after")
    start(draft)
    assert len(stripe_api.objects("checkout.session")) == 1
    assert PaymentAttempt.objects.get().state == "pending"


def test_stripe_away_keeps_everything(stripe_api: StandIn) -> None:
    """Nothing is charged, and the same draft can be paid a minute later."""
    draft = visitors.complete()
    stripe_api.fail("reset", path=SESSIONS, times=3)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    stripe_api.behave()
    gateway.breaker.close()
    newest = drafts.get(draft.id)
    assert newest is not None
    assert newest.items == draft.items
    assert start(draft).url


def test_refusals_make_nothing_at_stripe(stripe_api: StandIn) -> None:
    draft = visitors.complete()
    refused: list[tuple[type[Problem], Callable[[], object]]] = [
        (TermsNotAccepted, lambda: start_checkout(draft, language="pt", terms=False)),
        (DraftIncomplete, lambda: start(drafts.create())),
        (MethodNotOffered, lambda: start_checkout(draft, "balance", language="pt", terms=True)),
    ]
    for problem, call in refused:
        with pytest.raises(problem):
            call()
    assert (PaymentAttempt.objects.count(), made(stripe_api)) == (0, [])


def test_editing_the_draft_closes_the_open_session(stripe_api: StandIn) -> None:
    """C6, C66: the old sum can no longer be paid; the next click makes a new order of the same draft."""
    draft = visitors.complete()
    first = start(draft).order
    newest = drafts.set_items(draft, [row | {"quantity": 5} for row in draft.items])
    assert OutboxMessage.objects.filter(task="payments.expire_attempts").count() == 1
    expiry.expire_attempts(draft.id)
    assert [session["status"] for session in stripe_api.objects("checkout.session")] == ["expired"]
    first.refresh_from_db()
    assert (first.state, first.attempts.get().state) == ("expired", "canceled")
    second = start(newest).order
    assert (second.pk != first.pk, second.total_cents) == (True, 175)
    assert OrderItem.objects.get(order=first).quantity == 2


def test_editing_while_stripe_is_asked_leaves_nothing_payable(stripe_api: StandIn) -> None:
    """C6: the answer never came, so the task asks again with the same key, and closes what it gets."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    drafts.set_items(draft, [row | {"quantity": 5} for row in draft.items])
    expiry.expire_attempts(draft.id)
    assert [session["status"] for session in stripe_api.objects("checkout.session")] == ["expired"]
    assert PaymentAttempt.objects.get().state == "canceled"


def test_an_edit_that_came_too_late_finds_the_order_paid_as_it_was(stripe_api: StandIn) -> None:
    """C6, C66: the customer paid in one tab and edited in another."""
    draft = visitors.complete()
    order = start(draft).order
    newest = drafts.set_items(draft, [row | {"quantity": 5} for row in draft.items])
    stripe_api.pay(str(order.attempts.get().session_id))
    expiry.expire_attempts(draft.id)
    order.refresh_from_db()
    assert (order.state, order.total_cents, order.items.get().quantity) == ("paid", 70, 2)
    with pytest.raises(DraftOrdered):
        start(newest)
    assert len(stripe_api.objects("checkout.session")) == 1


def test_an_unchanged_draft_keeps_its_session(stripe_api: StandIn) -> None:
    """The task that comes late for an edit that was undone closes nothing."""
    draft = visitors.complete()
    order = start(draft).order
    expiry.expire_attempts(draft.id)
    order.refresh_from_db()
    assert (order.state, stripe_api.objects("checkout.session")[0]["status"]) == ("pending", "open")


def test_a_page_about_to_close_is_replaced(stripe_api: StandIn) -> None:
    """C5: the old Session is closed first."""
    draft = visitors.complete()
    first = start(draft)
    PaymentAttempt.objects.update(expires_at=timezone.now() + datetime.timedelta(seconds=30))
    second = start(draft)
    assert second.url != first.url
    assert sorted(session["status"] for session in stripe_api.objects("checkout.session")) == ["expired", "open"]
    assert second.order.pk == first.order.pk


def test_nothing_personal_is_in_the_database_before_payment(stripe_api: StandIn) -> None:
    """DESIGN §3: every column of every table of ours."""
    start(posted(visitors.complete()))
    from django.apps import apps

    for model in [m for name in ("orders", "payments", "outbox") for m in apps.get_app_config(name).get_models()]:
        if "settings" in model.__name__.lower() or model.__name__.startswith(("Legal", "Historical")):
            continue
        held = json.dumps(list(model._default_manager.values()), default=str, ensure_ascii=False)
        for personal in ("Maria", "maria@", "912345678", "Augusta", "123456789", "Tocar", "praia"):
            assert personal not in held, (model.__name__, personal)


def test_the_snapshot_waits_in_redis(stripe_api: StandIn) -> None:
    order = start(posted(visitors.complete())).order
    snapshot = snapshots.load(order.number)
    assert snapshot is not None
    assert snapshot.delivery["email"] == "maria@example.test"


@pytest.mark.parametrize(
    ("cents", "configured", "expected"),
    [
        (49, [], {"excluded_payment_method_types": ["multibanco"]}),
        (50, [], {}),
        (9_999_900, [], {}),
        (9_999_901, [], {"excluded_payment_method_types": ["multibanco"]}),
        (9_999_901, ["card", "multibanco"], {"allowed_payment_method_types": ["card"]}),
        (9_999_900, ["card", "multibanco"], {"allowed_payment_method_types": ["card", "multibanco"]}),
        (49, ["multibanco"], {"allowed_payment_method_types": ["card"]}),
    ],
)
def test_multibanco_is_offered_for_the_sums_it_takes(
    settings: Any, cents: int, configured: list[str], expected: dict[str, Any]
) -> None:
    """C31, C2."""
    settings.STRIPE_PAYMENT_METHODS = configured
    found = parameters.methods(cents, "EUR")
    assert found == expected
    assert problems(SessionCreateParams, found) == []
    assert "multibanco" not in parameters.methods(500, "USD").get("allowed_payment_method_types", [])
