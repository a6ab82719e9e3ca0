"""What addresses does in the background: the warning to the owner when no address can be checked (A3)."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from outbox import owner_notes
from outbox.tasks import durable_task


def send_warning(reason: str, at: str = "") -> None:
    """Tells the owner why addresses cannot be checked. `reason` is one of the names in addresses.google; `at` tells the
    outages apart."""
    with translation.override(settings.LANGUAGE_CODE):
        refused = settings.ADDRESS_OUTAGE_POLICY == "refuse"
        effect = (
            _("Customers cannot pay until this works again.")
            if refused
            else _("Orders go on; their addresses are flagged.")
        )
        subject = _("Addresses cannot be checked")
        text = _("Google does not answer as it should (%(reason)s).") % {"reason": reason} + " " + effect
    owner_notes.send(subject, text, key=f"address-outage.{at}")


warn_owner = durable_task("addresses.warn_owner", queue="mail", time_limit=120)(send_warning)
