"""The shop's tables: catalogue, settings, orders. Split by purpose; import from here."""

from orders.models.catalogue import Finish, PriceTier, Product
from orders.models.coupon import Coupon
from orders.models.email import SentEmail
from orders.models.order import Order, OrderEvent, OrderItem, OrderPhoto
from orders.models.question import Question
from orders.models.shop import LegalDocument, ShippingZone, ShopSettings

__all__ = [
    "Coupon",
    "Finish",
    "LegalDocument",
    "Order",
    "OrderEvent",
    "OrderItem",
    "OrderPhoto",
    "PriceTier",
    "Product",
    "Question",
    "SentEmail",
    "ShippingZone",
    "ShopSettings",
]
