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


def test_who_goes_back_from_stripes_page_reads_that_nothing_was_charged(stripe_api: StandIn) -> None:
    """C7: until the link is paid; then its page says that, whoever opens the address again."""
    made = link()
    session_id = str(link_payments.start(made.pk, "", "pt").session_id)
    back = stripe_api.objects("checkout.session")[0]["cancel_url"]
    visitor = Client(headers={"accept-language": "en"})
    page = visitor.get(back).content.decode()
    assert ("was not completed" in page, f'action="/pay/{made.token}/"' in page) == (True, True)
    stripe_api.pay(session_id)
    visitor.get(f"/pay/{made.token}/return/?session_id={session_id}")
    page = visitor.get(back).content.decode()
    assert ("was not completed" in page, "This has been paid" in page) == (False, True)
