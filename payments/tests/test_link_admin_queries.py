"""The page of a payment by link costs the same however much happened to the payment."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments.models import LinkPayment, LinkRefund
from payments.tests.stand_in import StandIn
from payments.tests.test_link_refunds import desk, press
from payments.tests.test_payment_links import link, paid

pytestmark = pytest.mark.django_db(transaction=True)


def queries(owner: Client, payment: LinkPayment) -> int:
    with CaptureQueriesContext(connection) as asked:
        page = owner.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert page.count("dona@example.test") > LinkRefund.objects.count()
    return len(asked)


def test_a_payments_page_asks_no_more_for_more_refunds_and_events(stripe_api: StandIn) -> None:
    payment, owner = paid(stripe_api, link()), desk()
    press(owner, payment, amount="1.00", key=str(uuid.uuid4()))
    queries(owner, payment)
    one = queries(owner, payment)
    for _more in range(4):
        press(owner, payment, amount="1.00", key=str(uuid.uuid4()))
    assert LinkRefund.objects.count() == 5
    queries(owner, payment)
    assert queries(owner, payment) == one
