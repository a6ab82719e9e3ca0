"""The order page's link to a payment, followed to the stand-in: it leads to that payment."""

import re

import pytest
import requests
from django.test import Client

from orders.models import Order
from payments.tests.stand_in import StandIn
from payments.tests.test_refunds import pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stripe_api(sandbox: object) -> StandIn:
    stand_in = StandIn(sandbox.url)  # type: ignore[attr-defined]  # the fixture's type is known to the root conftest alone
    stand_in.reset()
    return stand_in


def test_the_payment_link_leads_to_that_payment_at_the_stand_in(owner_client: Client, stripe_api: StandIn) -> None:
    first, second = pay(stripe_api), pay(stripe_api)
    for attempt in (first, second):
        order = Order.objects.get(pk=attempt.order_id)
        page = owner_client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
        links = re.findall(rf'href="({re.escape(stripe_api.url)}[^"]*)"', page)
        assert links == [f"{stripe_api.url}/sandbox/?find={attempt.intent_id}#{attempt.intent_id}"]
        answer = requests.get(links[0], timeout=10)
        row = re.search(rf'<tr id="{attempt.intent_id}">(.*?)</tr>', answer.text, re.DOTALL)
        assert answer.status_code == 200
        assert row is not None
        assert str(attempt.intent_id) in row[1]
        assert "succeeded" in row[1]
