"""What is asked before money goes back."""

import uuid
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _


class RefundForm(forms.Form):
    """The amount in euros and the reason, which is kept (O5). `key` makes a second click the same refund."""

    amount = forms.DecimalField(
        label=_("Amount in euros"),
        min_value=Decimal("0.01"),  # a float would be a little more than a cent
        decimal_places=2,
        max_digits=8,
        error_messages={"required": _("How much goes back?"), "min_value": _("How much goes back?")},
    )
    reason = forms.CharField(label=_("Reason"), max_length=255, error_messages={"required": _("Why is it refunded?")})
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    @property
    def cents(self) -> int:
        return int(self.cleaned_data["amount"] * 100)
