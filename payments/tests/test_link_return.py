"""Coming back from Stripe's page to a payment link (C7)."""

import pytest
from django.test import Client

from payments import link_payments
from payments.tests.stand_in import StandIn
from payments.tests.test_payment_links import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("paid_by", "says"), [("", "was not completed"), ("multibanco", "is being confirmed")])
def test_the_return_page_says_whether_anything_was_paid(stripe_api: StandIn, paid_by: str, says: str) -> None:
    """C7: who opens it with the id of a page that is still open reads that nothing was charged."""
    made = link()
    session_id = str(link_payments.start(made.pk, "", "pt").session_id)
    if paid_by:
        stripe_api.pay(session_id, method=paid_by)
    visitor = Client(headers={"accept-language": "en"})
    page = visitor.get(f"/pay/{made.token}/return/?session_id={session_id}", follow=True).content.decode()
    assert [text for text in ("was not completed", "is being confirmed") if text in page] == [says]
    assert made.payments.get().state == "pending"
