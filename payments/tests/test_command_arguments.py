"""A slip of the hand on a command's line ends with a sentence and an exit code, never with a traceback."""

import datetime

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.utils import timezone

from payments.management import arguments
from payments.models import PaymentLink

TOMORROW = str(timezone.localdate() + datetime.timedelta(days=1))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["reconcile", "--date", "2026-13-01"], "'2026-13-01' is no date; please write it like 2027-01-31."),
        (["reconcile", "--date", TOMORROW], f"{TOMORROW} has not begun yet."),
        (["replay_webhooks", "--since", "2026-02-30T08:00"], "'2026-02-30T08:00' is no time"),
        (["replay_webhooks", "--since", "yesterday"], "'yesterday' is no time"),
        (["purge", "--outbox-days", "0"], "'0' is no number of days; please give 1 or more."),
        (["purge", "--events-days=-3"], "'-3' is no number of days"),
        (["payment_link", "0.49", "Retrato"], "0.49 cannot be paid; a sum is from 0.50 to 999999.99 euros."),
        (["payment_link", "fifty", "Retrato"], "'fifty' is no sum; please write it like 50.00."),
        (["payment_link", "50", "Retrato", "--expires", "2027-13-45T00:00"], "'2027-13-45T00:00' is no time"),
    ],
)
def test_a_bad_argument_is_named_and_nothing_is_done(
    line: list[str], said: str, db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        execute_from_command_line(["manage.py", *line])
    assert end.value.code == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert "Traceback" not in errors
    assert PaymentLink.objects.count() == 0


@pytest.mark.parametrize(("text", "sum_"), [("50", 5000), ("50.00", 5000), ("50,5", 5050), ("0.50", 50)])
def test_sums_are_read_with_point_or_comma(text: str, sum_: int) -> None:
    assert arguments.cents(text) == sum_


def test_a_time_without_a_zone_is_the_shops() -> None:
    assert arguments.moment("2027-01-31T18:00").utcoffset() == datetime.timedelta(0)
    assert arguments.moment("2027-07-31T18:00").utcoffset() == datetime.timedelta(hours=1)


def test_a_link_without_words_says_which_field_is_wrong(db: None) -> None:
    with pytest.raises(CommandError, match=r"^description: This field cannot be blank\.$"):
        call_command("payment_link", "50", " ")
    assert PaymentLink.objects.count() == 0


def test_a_replay_that_ends_before_it_begins_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="--until must be later than --since"):
        call_command("replay_webhooks", "--since", "2026-11-02T00:00", "--until", "2026-11-01T00:00")


def test_an_event_that_stripe_does_not_know_is_called_so(stripe_api: object, db: None) -> None:
    with pytest.raises(CommandError, match="Stripe knows no such event"):
        call_command("replay_webhooks", "evt_nothing")
