"""Where a visitor comes from, as far as limits count it."""

import ipaddress

from axes.helpers import get_client_ip_address
from django.http import HttpRequest


def network(request: HttpRequest) -> str:
    """The internet address; of an IPv6 address the part that one household has: it may change the rest at will."""
    address = str(get_client_ip_address(request) or "")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
