"""Celery's side of accounts."""

from accounts import resetting
from outbox.tasks import durable_task


@durable_task("accounts.email_reset", queue="mail", time_limit=120)
def email_reset(account_id: int, language: str) -> None:
    """The link to choose a new password."""
    resetting.send(account_id, language)
