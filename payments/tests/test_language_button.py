"""The language button of a page that answers a form leads to a page that can be read."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from orders import drafts
from orders.tests import visitors
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn
from payments.tests.test_checkout import answer_lost

pytestmark = pytest.mark.django_db(transaction=True)


def visitor_with_a_complete_draft() -> Client:
    client, draft = Client(), visitors.complete()
    visitors.draft_of(client)
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    return client


def language_changed(client: Client, page: Any) -> Any:
    """Where the page's button leads, followed."""
    found = re.search(r'name="next" value="([^"]*)"', page.content.decode())
    assert found
    return client.post("/i18n/setlang/", {"language": "en", "next": html.unescape(found[1])}, follow=True)


def test_the_first_page_with_errors_leads_to_the_first_page() -> None:
    client = visitor_with_a_complete_draft()
    photo = client.get("/api/v1/drafts/current/").json()["photos"][0]["id"]
    row = {"photo-0": photo, "product-0": "10x15", "finish-0": "matte", "quantity-0": "many", "fit-0": "crop"}
    page = client.post("/prints/", row)
    assert page.status_code == 422
    shown = language_changed(client, page)
    assert (shown.status_code, shown.redirect_chain) == (200, [("/", 302)])
    assert 'lang="en"' in shown.content.decode()


def test_the_page_of_resting_payments_leads_to_the_review(stripe_api: StandIn) -> None:
    client = visitor_with_a_complete_draft()
    answer_lost(stripe_api)
    page = client.post("/checkout/", {"accept_terms": "1"})
    assert (page.status_code, PaymentAttempt.objects.get().session_id) == (503, None)
    shown = language_changed(client, page)
    assert (shown.status_code, shown.redirect_chain) == (200, [("/review/", 302)])
    assert 'lang="en"' in shown.content.decode()
