"""What is asked when a photo cannot be printed as it is."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ReplacePhotoForm(forms.Form):
    """The reason, as the customer reads it."""

    reason = forms.CharField(
        label=_("What is wrong with it? The customer reads this."),
        max_length=300,
        error_messages={"required": _("Please say why another photo is needed.")},
    )
