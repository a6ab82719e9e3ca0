"""The admin's frame: the studio's name and colour. Called by django-unfold."""

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
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


def primary_colours(request: HttpRequest) -> dict[str, str]:
    """The theme's shades, mixed from the studio's colour."""
    try:
        channels = [int(shop_of(request).colour[start : start + 2], 16) for start in (1, 3, 5)]
    except ValueError:
        channels = [31, 95, 91]
    return {str(shade): _mixed(channels, share) for shade, share in SHADES.items()}


def _mixed(channels: list[int], share: float) -> str:
    target = 255 if share > 0 else 0
    mixed = [round(channel + (target - channel) * abs(share)) for channel in channels]
    return "rgb({}, {}, {})".format(*mixed)
