"""Paying by the order's signed link, on another device than the one that made the order: C5, C28, C62, C66."""

from typing import Any

import pytest
from django.test import Client

from orders import drafts, links
from orders.models import LegalDocument, Order, PriceTier
from orders.tests import visitors
from payments import confirmation
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn
from payments.tests.test_vouchers import RETRY, changed, failed, issued, on_the_page

pytestmark = pytest.mark.django_db(transaction=True)


def address(order: Order) -> str:
    return f"/orders/{order.number}/pay/?t={links.token(order)}"


def counts() -> tuple[int, int]:
    return Order.objects.count(), PaymentAttempt.objects.count()


def holding(draft: drafts.Draft) -> Client:
    """The browser that made the draft."""
    client = Client()
    client.get("/api/v1/drafts/current/")
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    return client


def test_a_mail_opened_elsewhere_leads_to_paying_just_that_order(stripe_api: StandIn) -> None:
    """C28, C62: the same order and photos, a second attempt; the other device's draft is not opened by it."""
    draft = visitors.complete()
    first = issued(stripe_api, draft)
    failed(stripe_api, first)
    phone = Client()
    assert address(first.order) in phone.get(links.order_path(first.order)).content.decode()
    answer = phone.post(address(first.order))
    second = PaymentAttempt.objects.get(state="pending")
    assert (answer.status_code, answer["Location"]) == (302, second.url)
    assert (second.order_id, second.amount_cents, counts()) == (first.order_id, 70, (1, 2))
    stripe_api.pay(str(second.session_id))
    back = phone.get("/checkout/return/", {"session_id": str(second.session_id)})
    assert back["Location"] == links.order_path(first.order)
    assert Order.objects.get().state == "paid"
    assert phone.get("/api/v1/drafts/current/").json()["id"] != draft.id
    assert phone.get(f"/api/v1/drafts/{draft.id}/").status_code == 404


def test_pressed_twice_and_on_two_devices_there_is_one_page_to_pay_on(stripe_api: StandIn) -> None:
    """C5."""
    order = start_checkout(visitors.complete(), language="pt", terms=True).order
    pages = {Client().post(address(order))["Location"] for _device in range(2)}
    assert pages == {PaymentAttempt.objects.get().url}


def test_what_was_changed_since_is_not_paid_by_the_older_link(stripe_api: StandIn) -> None:
    """C6, C66: nothing is started; the browser that changed it is led to its review."""
    draft = visitors.complete()
    order = start_checkout(draft, language="pt", terms=True).order
    changed(draft)
    before = counts()
    answer = Client().post(address(order), follow=True)
    assert answer.redirect_chain == [(links.order_path(order), 302)]
    assert "Esta encomenda foi alterada" in answer.content.decode()
    assert holding(draft).post(address(order))["Location"] == "/review/"
    assert counts() == before


def test_another_price_other_terms_or_a_lost_draft_are_not_paid_unseen(stripe_api: StandIn) -> None:
    """C49, C66, P1: the page shows a sum and terms that no longer hold; nothing is started."""
    draft = visitors.complete()
    order = start_checkout(draft, language="pt", terms=True).order
    before, calls = counts(), len(stripe_api.calls("/v1/", "POST"))
    PriceTier.objects.update(unit_cents=99)
    assert "preço mudou" in Client().post(address(order), follow=True).content.decode()
    PriceTier.objects.update(unit_cents=35)
    planned = LegalDocument.objects.create(kind="terms", version="new", body_pt="novo", body_en="new")
    assert "os termos mudaram" in Client().post(address(order), follow=True).content.decode()
    planned.delete()
    drafts.delete(draft.id)
    assert Client().post(address(order))["Location"] == links.order_path(order)
    assert (counts(), len(stripe_api.calls("/v1/", "POST"))) == (before, calls)


def test_only_the_link_pays_and_only_what_is_to_be_paid(stripe_api: StandIn) -> None:
    """S4, C10, C29: no other token, no GET; not while a reference waits, nor while money is in review, nor once it is paid."""
    attempt = issued(stripe_api)
    order, before = attempt.order, counts()
    assert Client().post(f"/orders/{order.number}/pay/?t=wrong").status_code == 404
    assert Client().get(address(order)).status_code == 405
    assert RETRY not in on_the_page(order)
    assert Client().post(address(order))["Location"] == links.order_path(order)
    Order.objects.update(payment_state="review")
    assert Client().post(address(order))["Location"] == links.order_path(order)
    Order.objects.update(payment_state="awaiting")
    stripe_api.answer_intent(str(attempt.intent_id), "complete")
    confirmation.settle_session(str(attempt.session_id))
    assert Client().post(address(order))["Location"] == links.order_path(order)
    assert counts() == before


def test_a_foreign_site_cannot_start_it(stripe_api: StandIn) -> None:
    """S7."""
    order = start_checkout(visitors.complete(), language="pt", terms=True).order
    before = len(stripe_api.calls("/v1/", "POST"))
    answer = Client(enforce_csrf_checks=True).post(address(order))
    assert (answer.status_code, len(stripe_api.calls("/v1/", "POST"))) == (403, before)


def test_with_stripe_away_the_way_back_is_the_orders_page(stripe_api: StandIn) -> None:
    order = visitors.pending()
    stripe_api.fail("reset", path="/v1/checkout/sessions", times=3)
    answer = Client().post(address(order))
    assert (answer.status_code, answer["Referrer-Policy"]) == (503, "strict-origin")
    assert f'href="{links.order_path(order)}"' in answer.content.decode()
    assert 'href="/review/"' not in answer.content.decode()


def test_stripes_back_and_an_unpaid_return_lead_to_where_the_visitor_came_from(stripe_api: StandIn) -> None:
    """C7: the order's page for who came by its link, the review where the draft is; a stranger learns of neither (C62)."""
    draft = visitors.complete()
    order = start_checkout(draft, language="pt", terms=True).order
    phone, laptop = Client(), holding(draft)
    phone.post(address(order))
    (session,) = stripe_api.objects("checkout.session")
    back = session["cancel_url"].partition("/checkout/")[2]
    ways = [client.get(f"/checkout/{back}")["Location"] for client in (phone, laptop, Client())]
    assert ways == [links.order_path(order), "/review/?cancelled=1", "/review/?cancelled=1"]
    unpaid = [client.get("/checkout/return/", {"session_id": session["id"]}) for client in (phone, laptop)]
    assert [answer["Location"] for answer in unpaid] == [links.order_path(order), "/review/"]
    assert Client().get("/checkout/return/", {"session_id": session["id"]}).status_code == 404


def test_the_shops_own_payment_page_opens_for_who_came_by_the_link(stripe_api: StandIn, settings: Any) -> None:
    settings.PAYMENT_PAGE = "elements"
    order = visitors.pending()
    phone = Client()
    started = phone.post(address(order))["Location"]
    shown = phone.get("/pay/" + started.partition("/pay/")[2])
    assert shown.status_code == 200
    assert address(order) in shown.content.decode()
    assert links.order_path(order) in shown.content.decode()
    assert Client().get("/pay/" + started.partition("/pay/")[2]).status_code == 404
