"""C42: no outside service is asked while a database transaction is open, whichever module asks. C20: nor is the webhook
answered any later, or not at all, while they are frozen or away."""

import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from addresses import google
from addresses.tasks import send_warning
from local.fixtures import Bucket, Mailbox, Sandbox
from orders import mailing
from outbox.network import TransactionOpen
from payments import emails, gateway, link_emails, link_payments
from payments.models import Discrepancy, WebhookEvent
from payments.reconciliation import discrepancies
from payments.reconciliation.mail import email_discrepancies
from payments.tests.stand_in import StandIn, event, post_event
from payments.tests.test_confirmation import attempt
from payments.tests.test_payment_links import link
from payments.tests.together import together
from uploads import storage

pytestmark = pytest.mark.django_db(transaction=True)


def letter() -> None:
    mailing.send(mailing.Mail("ana@example.test", "Olá", "Olá", "<p>Olá</p>", "<1@example.test>", "pt"))


CALLS: dict[str, Callable[[], object]] = {
    "Stripe": lambda: gateway.retrieve_session("cs_test_1"),
    "Google": lambda: google.geocode("Rua Augusta 100, 1100-053 Lisboa"),
    "S3, writing": lambda: storage.put_bytes("a.txt", b"a", "text/plain"),
    "S3, in parts": lambda: storage.put_stream(
        "b.txt", [b"b"] * 2, size=storage.PART_BYTES + 1, sha256="0" * 64, content_type="text/plain"
    ),
    "S3, reading": lambda: storage.read("a.txt"),
    "S3, listing": lambda: list(storage.listing()),
    "S3, deleting": lambda: storage.delete("a.txt"),
    "SMTP": letter,
}


@pytest.mark.parametrize("service", CALLS)
def test_no_service_is_asked_inside_a_transaction(
    service: str, sandbox: Sandbox, s3_bucket: Bucket, mailbox: Mailbox
) -> None:
    """C42: nothing is sent, and the caller hears of it at once."""
    with pytest.raises(TransactionOpen), transaction.atomic():
        CALLS[service]()
    assert (StandIn(sandbox.url).calls(), s3_bucket.keys(""), mailbox.messages()) == ([], [], [])


NOTES: dict[str, Callable[[], Callable[[], object]]] = {
    "an order's money": lambda: partial(emails.email_owner, attempt().pk, "review"),
    "a link's money": lambda: partial(link_emails.email_link, link_payments.start(link().pk, "", "pt").pk, "dispute"),
    "differences with Stripe": lambda: partial(email_discrepancies, "2027-01-31"),
    "addresses": lambda: partial(send_warning, "timeout"),
}


@pytest.mark.parametrize("note", NOTES)
def test_the_owner_is_not_written_to_inside_a_transaction(stripe_api: StandIn, mailbox: Mailbox, note: str) -> None:
    """C42."""
    discrepancies.found(Discrepancy.Kind.PAYOUT, "po_1", ours="1.00 EUR", theirs="2.00 EUR")
    write = NOTES[note]()
    with pytest.raises(TransactionOpen), transaction.atomic():
        write()
    assert mailbox.messages() == []
    write()
    assert len(mailbox.messages()) == 1


def at(settings: Any, service: str, port: int) -> Callable[[], object]:
    """The service is looked for at the port from now on; a call of it."""
    if service == "Stripe":
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{port}"
    elif service == "S3":
        settings.AWS_S3_ENDPOINT_URL = f"http://127.0.0.1:{port}"
        settings.STORAGES = dict(settings.STORAGES)  # Django then makes the storage anew
    else:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 3
    return CALLS[{"S3": "S3, reading"}.get(service, service)]


@pytest.mark.parametrize("service", ["Stripe", "S3", "SMTP"])
def test_an_event_is_stored_and_answered_while_a_service_is_frozen(settings: Any, service: str) -> None:
    """C20: the service takes connections and never says a word; the webhook does not even knock, so it waits for nothing."""
    settings.STRIPE_TIMEOUT_SECONDS = 3
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = at(settings, service, server.getsockname()[1])
        assert [post_event(event(number=number)) for number in range(3)] == [200] * 3
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
        control = threading.Thread(target=lambda: together(1, call), daemon=True)
        control.start()
        server.settimeout(20)
        server.accept()[0].close()  # who asks for the service does come by here
    control.join(30)
    assert WebhookEvent.objects.filter(state="received").count() == 3


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("Stripe", gateway.GatewayUnavailable),
        ("S3", storage.StorageUnavailable),
        ("SMTP", mailing.MailUnavailable),
    ],
)
def test_an_event_is_stored_and_answered_while_a_service_is_away(
    settings: Any, service: str, error: type[Exception]
) -> None:
    """C20: nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    call = at(settings, service, port)
    assert [post_event(event(number=number)) for number in range(3)] == [200] * 3
    assert WebhookEvent.objects.filter(state="received").count() == 3
    with pytest.raises(error):
        call()
