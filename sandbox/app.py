"""The Flask application: the API, the customer's pages, the operator's pages and the control API on one port."""

from datetime import UTC, datetime

from flask import Flask

from sandbox import control, dashboard
from sandbox.checkout import elements
from sandbox.checkout import pages as checkout_pages
from sandbox.connections import ConnectionBroken
from sandbox.geocoding.serving import Geocoder
from sandbox.mail import pages as mail_pages
from sandbox.mail.box import Box
from sandbox.options import Options
from sandbox.stripe_api import webhook_endpoints
from sandbox.stripe_api.serving import Server
from sandbox.world import World


def create_app(options: Options, world: World, box: Box) -> Flask:
    """The application for `world`; the caller starts the background threads (see running.py)."""
    app = Flask(__name__, static_url_path="/sandbox/static")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    webhook_endpoints.register_first(world, options.webhook_url, options.webhook_secret)
    server = Server(world)
    app.register_blueprint(server.blueprint())
    geocoder = Geocoder(world.faults)
    app.register_blueprint(geocoder.blueprint())
    app.register_blueprint(checkout_pages.blueprint(world))
    app.register_blueprint(elements.blueprint(world))
    app.register_blueprint(control.blueprint(world, server, geocoder))
    app.register_blueprint(dashboard.blueprint(world))
    app.register_blueprint(mail_pages.blueprint(box))
    app.register_error_handler(ConnectionBroken, lambda error: ("", 500))
    app.add_template_filter(money)
    app.add_template_filter(moment)
    return app


def money(cents: int, currency: str = "eur") -> str:
    """450 → "4,50 €"."""
    sign = {"eur": "€", "usd": "$", "gbp": "£"}.get(currency, currency.upper())
    return f"{cents / 100:,.2f}".replace(",", " ").replace(".", ",") + f" {sign}"


def moment(seconds: float) -> str:
    """Unix seconds as a date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
