"""The admin's frame: the studio's name and colour, the menu by what the person may do. Called by django-unfold."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from orders.context import shop_of

# How far each shade of the theme is mixed towards white (positive) or black (negative).
SHADES = {
    50: 0.94,
    100: 0.88,
    200: 0.75,
    300: 0.58,
    400: 0.35,
    500: 0.15,
    600: 0.0,
    700: -0.15,
    800: -0.3,
    900: -0.45,
    950: -0.62,
}


def studio_name(request: HttpRequest) -> str:
    return shop_of(request).studio_name


def environment(request: HttpRequest) -> list[str] | None:
    """The badge beside the name: a demo shop says so on every page."""
    return [_("Demo"), "warning"] if settings.DEMO else None


def stylesheet(request: HttpRequest) -> str:
    return static("backoffice/admin.css")


def favicon(request: HttpRequest) -> str:
    return static("orders/icon.svg")


def script(request: HttpRequest) -> str:
    return static("backoffice/admin.js")


def primary_colours(request: HttpRequest) -> dict[str, str]:
    """The theme's shades, mixed from the studio's colour."""
    try:
        channels = [int(shop_of(request).colour[start : start + 2], 16) for start in (1, 3, 5)]
    except ValueError:
        channels = [31, 95, 91]
    return {str(shade): _mixed(channels, share) for shade, share in SHADES.items()}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: groups whose every entry the person may not see are left out."""
    groups = [
        (
            _("Work"),
            [
                _entry(_("Desk"), "home", "admin:index"),
                _entry(_("Orders"), "photo_library", "admin:orders_order_changelist", "orders.view_order"),
                _entry(
                    _("Payments"),
                    "payments",
                    "admin:payments_paymentattempt_changelist",
                    "payments.view_paymentattempt",
                ),
                _entry(
                    _("Payment links"), "link", "admin:payments_paymentlink_changelist", "payments.view_paymentlink"
                ),
                _entry(
                    _("Paid by link"), "receipt", "admin:payments_linkpayment_changelist", "payments.view_linkpayment"
                ),
                _entry(
                    _("Differences with Stripe"),
                    "balance",
                    "admin:payments_discrepancy_changelist",
                    "payments.view_discrepancy",
                ),
            ],
        ),
        (
            _("Shop"),
            [
                _entry(
                    _("Products and prices"), "crop_portrait", "admin:orders_product_changelist", "orders.view_product"
                ),
                _entry(_("Finishes"), "texture", "admin:orders_finish_changelist", "orders.view_finish"),
                _entry(
                    _("Shipping"), "local_shipping", "admin:orders_shippingzone_changelist", "orders.view_shippingzone"
                ),
                _entry(
                    _("Studio and rules"),
                    "storefront",
                    "admin:orders_shopsettings_changelist",
                    "orders.view_shopsettings",
                ),
                _entry(_("Coupon codes"), "sell", "admin:orders_coupon_changelist", "orders.view_coupon"),
                _entry(_("Legal texts"), "gavel", "admin:orders_legaldocument_changelist", "orders.view_legaldocument"),
                _entry(_("People"), "group", "admin:accounts_user_changelist", "accounts.view_user"),
                _entry(_("Roles"), "shield_person", "admin:auth_group_changelist", "auth.view_group"),
            ],
        ),
        (
            _("Machine room"),
            [
                _entry(_("Tasks"), "task_alt", "admin:outbox_outboxmessage_changelist", "outbox.view_outboxmessage"),
                _entry(
                    _("Webhook inbox"),
                    "webhook",
                    "admin:payments_webhookevent_changelist",
                    "payments.view_webhookevent",
                ),
            ],
        ),
    ]
    allowed = [(title, [item for item in items if item["permission"](request)]) for title, items in groups]
    return [{"title": title, "separator": True, "items": items} for title, items in allowed if items]


def _entry(title: str, icon: str, url_name: str, permission: str = "") -> dict[str, Any]:
    allowed: Callable[[HttpRequest], bool] = lambda request: not permission or request.user.has_perm(permission)  # noqa: E731
    return {"title": title, "icon": icon, "link": reverse(url_name), "permission": allowed}


def _mixed(channels: list[int], share: float) -> str:
    target = 255 if share > 0 else 0
    mixed = [round(channel + (target - channel) * abs(share)) for channel in channels]
    return "rgb({}, {}, {})".format(*mixed)
