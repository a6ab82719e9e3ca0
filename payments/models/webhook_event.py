"""The webhook inbox: one row an event of Stripe's, whatever became of its effects (C21)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WebhookEvent(models.Model):
    """An event as it arrived, without its personal fields; the object is fetched again before it is believed."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        PROCESSED = "processed", _("processed")
        IGNORED = "ignored", _("ignored")
        DEAD = "dead", _("gave up")

    event_id = models.CharField(_("event"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=100)
    object_id = models.CharField(_("object"), max_length=255, blank=True)
    livemode = models.BooleanField(_("live"), default=False)
    api_version = models.CharField(_("API version"), max_length=40, blank=True)
    payload = models.JSONField(_("payload"), default=dict)
    payload_hash = models.CharField(_("hash"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    leased_until = models.DateTimeField(_("leased until"), null=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    happened_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    processed_at = models.DateTimeField(_("processed at"), null=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="received"), name="webhook_received_due"),
            models.Index(fields=["object_id"], name="webhook_object"),
            models.Index(fields=["-received_at", "-id"], name="webhook_newest"),
        ]

    def __str__(self) -> str:
        return self.event_id
