"""No page of the stand-ins can be taken for the real thing."""

import re

import requests
import stripe

from sandbox.running import Sandbox
from sandbox.tests import sessions
from sandbox.tests.test_elements import KEY, new_intent
from sandbox.tests.test_mail import send

LABEL = re.compile(
    r'<p class="banner" role="note"><strong>[^<]*(no real money|não há dinheiro real)</strong></p>', re.IGNORECASE
)


def test_every_page_begins_by_saying_that_no_money_is_real(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    """The customer's pages, the bank's, the voucher, the element in the shop's page, the operator's, and the mails."""
    base = sandbox.options.base_url
    send(sandbox, "joao@example.test")
    mail = requests.get(f"{base}/mail/api/", timeout=5).json()[0]["id"]
    session, voucher, element = sessions.make(client), sessions.make(client), new_intent(client)
    approve = sessions.pay_on_page(session, sessions.CHALLENGE).headers["Location"]
    waiting = new_intent(client)
    client.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_authenticationRequired"})
    pages = {
        "checkout": requests.get(str(session.url), timeout=5),
        "refused": sessions.pay_on_page(sessions.make(client), sessions.DECLINED),
        "approve": requests.get(base + approve, timeout=5),
        "done": requests.post(f"{base}/sandbox/approve/{waiting.id}", data={"answer": "complete"}, timeout=5),
        "voucher": requests.get(sessions.pay_on_page(voucher, method="multibanco").headers["Location"], timeout=5),
        "element": requests.get(
            f"{base}/v3/element", params={"key": KEY, "client_secret": str(element.client_secret)}, timeout=5
        ),
        "dashboard": requests.get(f"{base}/", timeout=5),
        "events": requests.get(f"{base}/sandbox/events/", timeout=5),
        "misbehaviour": requests.get(f"{base}/sandbox/misbehaviour/", timeout=5),
        "mails": requests.get(f"{base}/mail/", timeout=5),
        "mail": requests.get(f"{base}/mail/{mail}/", timeout=5),
    }
    assert {name: page.status_code for name, page in pages.items() if page.status_code != 200} == {"refused": 402}
    assert [name for name, page in pages.items() if not LABEL.search(page.text.partition("<main")[0])] == []
