"""Payments by link that the owner should look at: for the desk's count and the list's filter."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from payments.link_payments import UNWANTED
from payments.models import LinkDispute, LinkPayment, LinkRefund, Refund
from payments.models.refund import DISPUTE_OVER


def to_look_at() -> QuerySet[LinkPayment]:
    """Another sum than the link's, a dispute that is open, a newest refund that failed, or one that failed of money that was
    not wanted, whatever part of it went back since; until the money is all back."""
    failed = LinkRefund.objects.filter(payment=OuterRef("pk"), state__in=[Refund.State.FAILED, Refund.State.CANCELED])
    later = LinkRefund.objects.filter(payment=OuterRef("payment"), pk__gt=OuterRef("pk"))
    lost = LinkDispute.objects.filter(payment=OuterRef("pk"), status="lost")
    amiss = (
        ~Q(received_cents=F("amount_cents"))
        | ~Q(dispute__in=["", *DISPUTE_OVER])
        | Exists(failed.filter(~Exists(later)))
        | (Exists(failed.filter(reason__in=UNWANTED.values())) & ~Exists(lost))
    )
    left = Q(state=LinkPayment.State.CONFIRMED, received_cents__gt=F("refunded_cents"))
    return LinkPayment.objects.filter(left & amiss)


class LookFilter(admin.SimpleListFilter):
    title = _("what to do next")
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", str(_("to look at")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LinkPayment]) -> QuerySet[LinkPayment]:
        return queryset.filter(pk__in=to_look_at().values("pk")) if self.value() == "1" else queryset
