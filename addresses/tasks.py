"""What addresses does in the background: the warning to the owner when no address can be checked (A3)."""

from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from outbox.network import refuse_open_transaction
from outbox.tasks import durable_task


def send_warning(reason: str) -> None:
    """Tells the owner why addresses cannot be checked. `reason` is one of the names in addresses.google."""
    with translation.override(settings.LANGUAGE_CODE):
        refused = settings.ADDRESS_OUTAGE_POLICY == "refuse"
        effect = (
            _("Customers cannot pay until this works again.")
            if refused
            else _("Orders go on; their addresses are flagged.")
        )
        refuse_open_transaction()  # C42
        send_mail(
            _("Addresses cannot be checked"),
            _("Google does not answer as it should (%(reason)s).") % {"reason": reason} + " " + effect,
            settings.DEFAULT_FROM_EMAIL,
            [settings.OWNER_EMAIL],
        )


warn_owner = durable_task("addresses.warn_owner", queue="mail", time_limit=120)(send_warning)
