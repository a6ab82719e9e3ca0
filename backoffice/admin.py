"""Registers the screens that span apps; each app registers its own simple ones."""

from backoffice.order_admin import OrderAdmin

__all__ = ["OrderAdmin"]
