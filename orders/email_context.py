"""What the templates of emails get: the order's prints, totals, addresses and links, already put into words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from orders import arrival, carriers, email_photos, links, snapshots, vouchers
from orders.email_kinds import Kind
from orders.models import Order, OrderPhoto, Question, ShopSettings
from orders.theme import contrast
from orders.vouchers import Voucher

THUMBNAIL = 72  # px, of a photo's longer side in the HTML mails


@dataclass(frozen=True)
class Recipient:
    email: str
    name: str


def recipient(order: Order) -> Recipient:
    """Who gets the order's emails. Before payment PostgreSQL does not know: the snapshot in Redis does (DESIGN §3)."""
    if order.paid_at is not None:
        return Recipient(order.email, order.name)
    snapshot = snapshots.load(order.number)
    delivery = snapshot.delivery if snapshot else {}
    return Recipient(str(delivery.get("email") or ""), str(delivery.get("name") or ""))


def cid(photo: OrderPhoto) -> str:
    return f"photo{photo.seq}"


def customer(
    order: Order,
    shop: ShopSettings,
    texts: Kind,
    images: Mapping[str, bytes],
    name: str,
    reference: Voucher | None = None,
) -> dict[str, object]:
    """For customer.html and customer.txt."""
    return _shared(order, shop, images) | {
        "name": name,
        "shows": texts.shows,
        "arrives": arrival.of_order(order, shop),
        "ready_by": arrival.ready_by(order, shop),
        "link": links.absolute(order),
        "tracking_url": carriers.tracking_url(order.carrier, order.tracking),
        "missing": _missing(order, images),
        "voucher": reference,
        "refunded_cents": order.attempts.aggregate(sum=Sum("refunded_cents"))["sum"] or 0,
    }


def _missing(order: Order, images: Mapping[str, bytes]) -> list[dict[str, object]]:
    """The photos that are asked for again; most have no picture any more."""
    photos = order.photos.filter(missing_since__isnull=False).order_by("seq")
    return [{"photo": photo, "name": photo.filename or str(photo.seq)} | _picture(photo, images) for photo in photos]


def voucher(order: Order, kind: str) -> Voucher | None:
    """The reference to be paid, while there is one (C28, C29); of "voucher_replaced:7" payment 7's, not to be paid."""
    base, _colon, attempt_id = kind.partition(":")
    if base != "voucher_replaced":
        return vouchers.payable(order)
    issued = order.attempts.filter(voucher__isnull=False).order_by("-created_at")
    attempt = (issued.filter(pk=int(attempt_id)) if attempt_id.isdigit() else issued).first()
    return vouchers.read(attempt.voucher) if attempt else None


def owner(order: Order, shop: ShopSettings, images: Mapping[str, bytes], *, attached: int) -> dict[str, object]:
    """For owner.html and owner.txt."""
    return _shared(order, shop, images) | {
        "heading": _("New order %(number)s") % {"number": order.number},
        "attached": attached,
        "admin_url": admin_url(order),
        "open_label": _("Open the order"),
    }


def alarm(order: Order, shop: ShopSettings, images: Mapping[str, bytes]) -> dict[str, object]:
    """For alarm.html and alarm.txt."""
    return _shared(order, shop, images) | {
        "heading": _("Photos could not be stored"),
        "text": _("The shop tried many times to store the photos of order %(number)s and gave up.")
        % {"number": order.number},
        "admin_url": admin_url(order),
        "open_label": _("Open the order"),
    }


def question(asked: Question, shop: ShopSettings, images: Mapping[str, bytes]) -> dict[str, object]:
    """For question.html and question.txt."""
    return _shared(asked.order, shop, images) | {
        "heading": _("A question about order %(number)s") % {"number": asked.order.number},
        "question": asked,
        "admin_url": admin_url(asked.order),
        "open_label": _("Open the order"),
    }


def admin_url(order: Order) -> str:
    """The order's page in the admin, whole."""
    return f"{settings.SITE_URL}{reverse('admin:orders_order_change', args=[order.pk])}"


def _shared(order: Order, shop: ShopSettings, images: Mapping[str, bytes]) -> dict[str, object]:
    names = _filenames(order)
    lines = [
        {"item": item, "photo": item.photo, "name": names.get(item.photo.seq, "")} | _picture(item.photo, images)
        for item in order.items.select_related("photo").order_by("photo__seq", "pk")
    ]
    return studio(shop, images) | {"order": order, "lines": lines, "photos": order.photos.count()}


def studio(shop: ShopSettings, images: Mapping[str, bytes]) -> dict[str, object]:
    """What every email's frame needs: the studio, its address, logo and colours."""
    return {
        "shop": shop,
        "site_url": settings.SITE_URL,
        "logo": email_photos.logo_size(images[email_photos.LOGO]) if email_photos.LOGO in images else None,
        "colour": shop.colour,
        "on_colour": "#ffffff" if _contrast_to_white(shop.colour) >= 4.5 else "#000000",
    }


def _filenames(order: Order) -> dict[int, str]:
    """What the customer called the photos, by seq; before payment only Redis knows (DESIGN §3)."""
    if order.paid_at is None:
        snapshot = snapshots.load(order.number)
        return snapshot.filenames if snapshot else {}
    return dict(order.photos.values_list("seq", "filename"))


def _picture(photo: OrderPhoto, images: Mapping[str, bytes]) -> dict[str, object]:
    """The content id of the photo's thumbnail, or "", and the size to show it at: THUMBNAIL px on its longer side."""
    longer = max(photo.width, photo.height, 1)
    width, height = (max(1, round(side * THUMBNAIL / longer)) for side in (photo.width, photo.height))
    return {"cid": cid(photo) if cid(photo) in images else "", "width": width, "height": height}


def _contrast_to_white(colour: str) -> float:
    try:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    except ValueError:
        return 21.0
    return contrast((red, green, blue), (1.0, 1.0, 1.0))
