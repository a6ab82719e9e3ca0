"""Which cookies a customer gets: those alone that the shop cannot do without (P3)."""

import pytest
from django.test import Client

from orders import catalogue, drafts
from orders.models import Order
from orders.tests import visitors
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn
from uploads import stash
from uploads.tests import pictures

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_purchase_sets_the_cookies_of_session_form_and_language_alone(stripe_api: StandIn) -> None:
    """P3: from the first page to the paid order, with a change of language: no other one at any step."""
    catalogue.install_default_catalogue()
    client: Client = visitors.Browser(enforce_csrf_checks=True)
    client.get("/")
    assert set(client.cookies) == {"csrftoken"}
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})
    assert set(client.cookies) == {"csrftoken", "language"}
    client.post("/api/v1/drafts/current/photos/", pictures.jpeg(), "image/jpeg", headers={"X-Filename": "a.jpg"})
    (photo,) = stash.photos(client.session[drafts.SESSION_KEY])
    stash.mark_ready(client.session[drafts.SESSION_KEY], photo.id, width=1800, height=1200)
    print_ = {"photo": photo.id, "product": "10x15", "finish": "matte", "quantity": "2", "fit": "crop", "crop": ""}
    rows = {f"{name}-0": value for name, value in print_.items()}
    steps = [
        client.get("/"),
        client.post("/prints/", rows | {"next": "1"}),
        client.get("/delivery/"),
        client.post("/delivery/", visitors.PICKUP),
        client.get("/review/"),
        client.post("/checkout/", {"accept_terms": "true"}),
    ]
    assert [step.status_code for step in steps] == [200, 302, 200, 302, 200, 302]
    session_id = str(PaymentAttempt.objects.get().session_id)
    stripe_api.pay(session_id)
    assert client.get("/checkout/return/", {"session_id": session_id}, follow=True).status_code == 200
    assert Order.objects.get().state == "paid"
    assert set(client.cookies) == {"csrftoken", "language", "sessionid"}
