"""Forgotten passwords: the mail with the link that lets its reader choose a new one."""

import uuid
from collections.abc import Iterable

import structlog
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django_redis import get_redis_connection

from accounts import visitors
from accounts.models import User
from outbox.network import refuse_open_transaction
from outbox.services import enqueue

# Mails an hour: to one account, so that nobody's mailbox is filled, and at one internet address's wish.
PER_ACCOUNT, PER_ADDRESS, SECONDS = 3, 20, 3600

log = structlog.get_logger(__name__)


def ask(users: Iterable[User], request: HttpRequest) -> None:
    """Plans the mail to each of them, in the page's language; above the limits none. The visitor cannot tell: the answer
    is the same, and no mail server is waited for."""
    for user in users:
        address = visitors.network(request)
        if not _within(PER_ADDRESS, "address", address) or not _within(PER_ACCOUNT, "account", str(user.pk)):
            log.warning("password_reset_too_often", account_id=user.pk)
            continue
        payload: dict[str, object] = {"account_id": user.pk, "language": translation.get_language()}
        with transaction.atomic():
            enqueue("accounts.email_reset", key=f"reset:{uuid.uuid4().hex}", queue="mail", payload=payload)


def send(account_id: int, language: str) -> None:
    """Sends the mail, unless the account is closed; raises on SMTP errors. The link is made only now: the outbox holds none."""
    refuse_open_transaction()  # C42
    user = User.objects.filter(pk=account_id, is_active=True).first()
    if user is None:
        return
    context = {
        "site_url": settings.SITE_URL,  # not the Host header, which anybody can send
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    with translation.override(language):
        subject = " ".join(render_to_string("registration/reset_email_subject.txt", context).split())
        text = render_to_string("registration/reset_email.txt", context)
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [user.email]).send()


def _within(limit: int, kind: str, who: str) -> bool:
    """Counts one more of `who`, a keyed hash in Redis, in SECONDS from the first."""
    key = f"limit:reset:{kind}:{salted_hmac('accounts.resetting', who, algorithm='sha256').hexdigest()}"
    with get_redis_connection("default").pipeline() as pipe:
        pipe.set(key, 0, ex=SECONDS, nx=True)
        pipe.incr(key)
        return int(pipe.execute()[1]) <= limit
