"""The shop's two roles as Django groups. What each may do is written here and nowhere else."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

OWNER = "Owner"
STAFF = "Staff"

# What the owner may not do is for superusers: change the books, or what services own.
READ_ONLY_MODELS = (
    "order", "orderphoto", "orderitem", "orderevent", "paymentattempt", "paymentevent", "webhookevent", "outboxmessage",
    "discrepancy", "balancetransaction", "payout", "paymentlink", "linkpayment", "linkrefund", "linkdispute", "linkevent",
)  # fmt: skip
SHOP_MODELS = ("product", "pricetier", "finish", "shippingzone", "shopsettings", "legaldocument", "coupon")
# Staff work the orders: they see them, move them on and replay what failed, but see no price and change no catalogue.
# They make and close payment links; what was paid by them is for those who may see money.
STAFF_PERMISSIONS = (
    "view_order",
    "change_order",
    "view_orderphoto",
    "view_orderitem",
    "view_orderevent",
    "view_outboxmessage",
    "change_outboxmessage",
    "view_paymentlink",
    "add_paymentlink",
    "view_linkevent",
)
OWNER_EXTRA = (
    "view_money",
    "refund_order",
    "change_order",
    "change_outboxmessage",
    "change_webhookevent",
    "change_discrepancy",
    "add_paymentlink",
    "view_group",
)


def owner_permissions() -> Q:
    """The owner works orders, sees the money, edits the shop and its people; the books themselves are read-only."""
    edited = Q(content_type__app_label="orders", content_type__model__in=SHOP_MODELS)
    people = Q(content_type__app_label="accounts", codename__in=["view_user", "add_user", "change_user", "delete_user"])
    seen = Q(content_type__model__in=READ_ONLY_MODELS, codename__startswith="view_")
    histories = Q(content_type__model__startswith="historical", codename__startswith="view_")
    return edited | people | seen | histories | Q(codename__in=OWNER_EXTRA)


@transaction.atomic
def install_roles() -> tuple[Group, Group]:
    """Makes the groups Owner and Staff. Owner always gets everything above; Staff's rights are set once, then kept.

    Safe to run again: after an upgrade it gives the owner what is new and leaves what the owner changed for staff.
    """
    owner, _unused = Group.objects.get_or_create(name=OWNER)
    owner.permissions.add(*Permission.objects.filter(owner_permissions()))
    staff, created = Group.objects.get_or_create(name=STAFF)
    if created:
        staff.permissions.set(Permission.objects.filter(codename__in=STAFF_PERMISSIONS))
    return owner, staff
