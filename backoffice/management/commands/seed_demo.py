"""manage.py seed_demo: a shop to look at. Running it again adds nothing."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.demo.past_orders import install_orders
from backoffice.demo.people import TRADE, install_api_key, install_people
from backoffice.demo.studio import install_studio
from orders.catalogue import install_default_catalogue


class Command(BaseCommand):
    help = "Fills a demo shop: accounts, price list, a studio and orders in every state. Needs DEMO=1; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_demo only runs with DEMO=1: it makes accounts whose password everybody knows.")
        password = os.environ.get("DEMO_PASSWORD") or "photoorders"
        install_default_catalogue()
        if install_studio():
            self.stdout.write("Studio and price list are set up.")
        for email in install_people(password):
            self.stdout.write(f"Account {email} is made.")
        given = os.environ.get("DEMO_API_KEY", "")
        if (key := install_api_key(given)) and not given:
            self.stdout.write(f"The API key of {TRADE}, shown only now: {key}")
        made, stored = install_orders()
        if made:
            self.stdout.write(f"Orders made: {made}.")
        if not stored:
            self.stdout.write(self.style.WARNING("S3 does not answer: the workers will store the photos when it does."))
        self.stdout.write(self.style.SUCCESS("The demo shop is filled."))
