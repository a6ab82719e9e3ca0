"""Stripe's published test cards and test payment methods, and what each of them does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    number: str
    brand: str
    outcome: str = "ok"  # ok, fail, challenge, dispute
    code: str = ""
    decline_code: str = ""
    message: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]


DECLINED = "Your card was declined."
_CARDS = (
    Card("4242424242424242", "visa"),
    Card("5555555555554444", "mastercard"),
    Card("4000006200000007", "visa"),
    Card("4000000000000002", "visa", "fail", "card_declined", "generic_decline", DECLINED),
    Card("4000000000009995", "visa", "fail", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    Card("4000000000000069", "visa", "fail", "expired_card", "expired_card", "Your card has expired."),
    Card("4000000000000127", "visa", "fail", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    Card("4000000000000119", "visa", "fail", "processing_error", "processing_error",
         "An error occurred while processing your card. Try again in a little bit."),
    Card("4000002500003155", "visa", "challenge"),
    Card("4000002760003184", "visa", "challenge"),
    Card("4000000000009979", "visa", "dispute"),
    Card("4000000000000259", "visa", "dispute"),
)  # fmt: skip
BY_NUMBER = {card.number: card for card in _CARDS}
BY_TEST_METHOD = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_createDispute": "4000000000000259",
}


def find(number: str) -> Card | None:
    """The test card with this number, however it is spaced."""
    return BY_NUMBER.get("".join(character for character in number if character.isdigit()))
