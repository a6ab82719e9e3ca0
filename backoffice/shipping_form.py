"""What is asked when an order is handed to the carrier."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ShippingForm(forms.Form):
    """Carrier and tracking number; letters go without a number."""

    carrier = forms.CharField(
        label=_("Carrier"), max_length=40, initial="CTT", error_messages={"required": _("Which carrier takes it?")}
    )
    tracking = forms.CharField(label=_("Tracking number"), max_length=60, required=False)
