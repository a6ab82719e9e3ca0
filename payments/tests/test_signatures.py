"""The webhook's signature: C12, C13, C15, C16."""

import pytest

from payments.signatures import BadSignature, verify
from payments.tests.stand_in import signature

BODY = b'{"id":"evt_1","object":"event"}'
OLD, NEW = "whsec_old", "whsec_new"
NOW = 1_800_000_000


def reason(body: bytes, header: str, secrets: list[str]) -> str:
    with pytest.raises(BadSignature) as caught:
        verify(body, header, secrets, now=NOW)
    return caught.value.reason


def test_a_right_signature_passes() -> None:
    verify(BODY, signature(BODY, secret=NEW, at=NOW), [NEW], now=NOW)


def test_a_reserialised_body_is_refused() -> None:
    """C12: the same JSON with other spaces is not what was signed."""
    assert reason(b'{"id": "evt_1", "object": "event"}', signature(BODY, secret=NEW, at=NOW), [NEW]) == "mismatch"


def test_another_secret_is_refused() -> None:
    """C12."""
    assert reason(BODY, signature(BODY, secret="whsec_other", at=NOW), [NEW]) == "mismatch"


@pytest.mark.parametrize("age", [301, 86_400, -301, -86_400])
def test_a_timestamp_beyond_five_minutes_is_refused_both_ways(age: int) -> None:
    """C12, C13: replayed later, or signed for the day after tomorrow."""
    assert reason(BODY, signature(BODY, secret=NEW, at=NOW - age), [NEW]) == "timestamp"


@pytest.mark.parametrize("age", [0, 300, -300])
def test_a_timestamp_within_five_minutes_passes(age: int) -> None:
    verify(BODY, signature(BODY, secret=NEW, at=NOW - age), [NEW], now=NOW)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_during_a_rotation_either_secret_is_accepted(secret: str) -> None:
    """C15."""
    verify(BODY, signature(BODY, secret=secret, at=NOW), [NEW, OLD], now=NOW)


def test_of_two_signatures_either_may_fit() -> None:
    """C15: Stripe signs with both secrets while one is being replaced."""
    good, bad = signature(BODY, secret=NEW, at=NOW), signature(BODY, secret="whsec_other", at=NOW)
    verify(BODY, f"{bad},{good.partition(',')[2]}", [NEW], now=NOW)
    verify(BODY, f"{good},{bad.partition(',')[2]}", [NEW], now=NOW)


def test_without_a_secret_everything_is_refused() -> None:
    """C16: also what is signed with the empty secret."""
    assert reason(BODY, signature(BODY, secret=" ", at=NOW), []) == "no_secret"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "t=abc,v1=00",
        "v1=00",
        "t=1800000000",
        "t=1800000000,v0=00",
        "t=²,v1=00",
        "t=1,t=2,v1=0",
        "x" * 3000,
    ],
)
def test_an_odd_header_is_refused(header: str) -> None:
    """C12."""
    assert reason(BODY, header, [NEW]) == "header"


def test_a_signature_that_is_not_ascii_is_refused() -> None:
    assert reason(BODY, "t=1800000000,v1=é€", [NEW]) == "mismatch"


def test_a_header_of_two_thousand_characters_is_read_and_a_longer_one_is_not() -> None:
    """C12: Stripe's own headers have some two hundred."""
    header = signature(BODY, secret=NEW, at=NOW) + ",v0="
    verify(BODY, header + "0" * (2000 - len(header)), [NEW], now=NOW)
    assert reason(BODY, header + "0" * (2001 - len(header)), [NEW]) == "header"


@pytest.mark.parametrize(("timestamp", "why"), [(999_999_999_999, "timestamp"), (1_000_000_000_000, "header")])
def test_a_timestamp_of_more_than_twelve_digits_is_no_timestamp(timestamp: int, why: str) -> None:
    """C12: rightly signed, both."""
    assert reason(BODY, signature(BODY, secret=NEW, at=timestamp), [NEW]) == why
