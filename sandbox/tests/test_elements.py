"""The stand-in of Stripe.js: what the element's frame asks, and the whole walk in a browser where there is one."""

from typing import Any

import pytest
import requests
import stripe
from playwright.sync_api import Page

from sandbox.running import Sandbox
from sandbox.tests import sessions

KEY = "pk_test_sandbox"


def new_intent(client: stripe.StripeClient) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": 1250, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    )


def confirm(sandbox: Sandbox, intent: stripe.PaymentIntent, **changes: str) -> Any:
    body = {"key": KEY, "client_secret": intent.client_secret, "number": sessions.GOOD, "expiry": "12/34", "cvc": "123",
            "name": "Ana", "locale": "pt", "return_url": "http://shop.test/"}  # fmt: skip
    return requests.post(f"{sandbox.options.base_url}/v3/confirm", json=body | changes, timeout=5).json()


def test_a_card_typed_into_the_element_pays_the_intent(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = new_intent(client)
    assert confirm(sandbox, intent)["paymentIntent"]["status"] == "succeeded"
    assert client.v1.payment_intents.retrieve(intent.id).amount_received == 1250
    assert confirm(sandbox, intent)["error"]["code"] == "payment_intent_unexpected_state"
    assert len(client.v1.charges.list().data) == 1


def test_declined_and_wrong_input_come_back_as_errors_in_the_customers_words(
    client: stripe.StripeClient, sandbox: Sandbox
) -> None:
    intent = new_intent(client)
    declined = confirm(sandbox, intent, number=sessions.POOR)["error"]
    assert (declined["type"], declined["decline_code"]) == ("card_error", "insufficient_funds")
    assert declined["message"] == "O cartão não tem saldo suficiente."
    assert confirm(sandbox, intent, expiry="01/20")["error"]["type"] == "validation_error"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


@pytest.mark.parametrize("changes", [{"key": "sk_test_x"}, {"client_secret": "pi_x_secret_y"}])
def test_a_wrong_key_or_secret_pays_nothing(
    client: stripe.StripeClient, sandbox: Sandbox, changes: dict[str, str]
) -> None:
    intent = new_intent(client)
    assert "error" in confirm(sandbox, intent, **changes)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


SHOP = """<!doctype html><div id="place"></div><button id="pay">Pay</button><p id="said"></p><script src="{base}/v3/stripe.js"></script>
<script>
const stripe = Stripe("pk_test_sandbox");
const elements = stripe.elements({{clientSecret: "{secret}", locale: "en"}});
elements.create("payment").mount("#place");
document.getElementById("pay").onclick = async () => {{
  const result = await stripe.confirmPayment({{elements, confirmParams: {{return_url: "{base}/mail/"}}}});
  document.getElementById("said").textContent = result.error.message;
}};
</script>"""


@pytest.mark.browser
def test_the_payment_element_pays_in_a_browser(page: Page, client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent, base = new_intent(client), sandbox.options.base_url
    page.set_default_timeout(20_000)
    page.goto(base.replace("127.0.0.1", "localhost") + "/mail/")  # a page of another origin
    page.set_content(SHOP.format(base=base, secret=intent.client_secret))
    frame = page.frame_locator("iframe")
    for number, words in ((sessions.DECLINED, "Your card was declined. Try another card."), (sessions.GOOD, "")):
        frame.get_by_label("Card number").fill(number)
        frame.get_by_label("Expiry (MM/YY)").fill("12/34")
        frame.get_by_label("CVC").fill("123")
        frame.get_by_label("Name on card").fill("Ana")
        page.click("#pay")
        if words:
            page.get_by_text(words).wait_for()
    page.wait_for_url("**/mail/?payment_intent=**redirect_status=succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
