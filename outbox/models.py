"""The transactional outbox: one row a piece of work, written with the change that causes it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """Work to be done by a Celery task, at least once, deduplicated by `key`.

    Workers claim a row by a lease; a row whose lease ran out is sent again by the sweep, so a killed worker's work
    goes on without Redis' visibility timeout. After a failed attempt nobody can claim it until the next one is due. The payload holds keys of rows only, never personal data.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")  # gave up: the owner sees it and presses "retry"

    task = models.CharField(_("task"), max_length=100)
    queue = models.CharField(_("queue"), max_length=20)
    key = models.CharField(_("key"), max_length=200, unique=True)
    payload = models.JSONField(_("payload"), default=dict)
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    user_id = models.BigIntegerField(_("user"), null=True, editable=False)  # who clicked; no key: logs outlive accounts
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    lease = models.UUIDField(_("lease"), null=True, editable=False)
    leased_until = models.DateTimeField(_("leased until"), null=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="pending"), name="outbox_pending_due"),
            models.Index(fields=["state", "-created_at"], name="outbox_state_created"),
        ]

    def __str__(self) -> str:
        return self.key
