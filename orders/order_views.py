"""The page of an order, opened by its signed link, with the pictures on it."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from orders import (
    arrival,
    carriers,
    form_files,
    headings,
    links,
    order_page,
    pictures,
    reordering,
    services,
    snapshots,
    thumbnails,
    vouchers,
)
from orders.context import shop_of
from orders.models import Order, OrderPhoto
from orders.problems import Problem
from orders.snapshots import Snapshot
from orders.vouchers import Voucher
from uploads import incoming
from uploads.photo import StashError
from uploads.receive import UploadRefused, receive


def by_link(request: HttpRequest, number: str) -> Order:
    """The order that the link's token opens, with all that the page reads; else Http404 (S4, C62)."""
    orders = Order.objects.prefetch_related("photos", "items__photo", "events", "attempts")
    found = links.numbered(orders, number)
    if found is None or not links.check(found, str(request.GET.get("t", ""))):
        raise Http404
    return found


@never_cache
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """The whole page; to htmx, what has changed and when to ask again."""
    return shown(request, by_link(request, number))


def shown(request: HttpRequest, found: Order, *, unsent: str = "", status: int = 200) -> HttpResponse:
    """The order's page; `unsent` is a question that was refused, for the customer to change or keep."""
    polls = _count(request)
    voucher = vouchers.payable(found)
    version = order_page.version(found, voucher)
    wait = order_page.look_again_after(found, polls)
    context: dict[str, object] = {
        "order": found,
        "token": request.GET["t"],
        "version": version,
        "next_poll": polls + 1,
        "wait": wait,
        "stopped": wait is None and found.state not in order_page.SETTLED,
        "changed": request.GET.get("v") != version,
        "unsent": unsent,
    }
    polled = request.headers.get("HX-Request") == "true"
    if not polled or context["changed"]:
        context |= _details(request, found, voucher)
    response = render(
        request, "orders/parts/order_poll.html" if polled else "orders/order.html", context, status=status
    )
    response["Referrer-Policy"] = links.REFERRER_POLICY
    response["X-Robots-Tag"] = "noindex"
    return response


@cache_control(private=True, max_age=3600)
@require_safe
def order_photo(request: HttpRequest, number: str, seq: int) -> HttpResponse:
    """A small JPEG of a photo: from Redis while it waits there, afterwards the thumbnail in S3.

    Pages ask for it with the photo's hash, so that another photo in its place is seen at once.
    """
    photo = next((photo for photo in by_link(request, number).photos.all() if photo.seq == seq), None)
    jpeg = thumbnails.read(photo) if photo else None
    if jpeg is None:
        raise Http404
    return HttpResponse(jpeg, content_type="image/jpeg", headers={"Referrer-Policy": "no-referrer"})


@csrf_exempt  # checked by form_files, before any byte of the file is taken (S7)
@require_POST
def order_photo_again(request: HttpRequest, number: str, seq: int) -> HttpResponse:
    """Takes a photo that the shop asked for again. Nothing is read before the link opens the order; the file is streamed (U3)."""
    try:
        found = by_link(request, number)
        _take_again(request, found, seq)
    except Http404:
        incoming.drain(request)
        raise
    except form_files.Forged as error:
        return form_files.forged(request, error)
    except incoming.Interrupted:
        messages.error(request, _("The upload was interrupted. Please try again."))
    except (UploadRefused, Problem) as problem:
        messages.error(request, str(problem.detail))
    except StashError:
        messages.error(request, _("The shop is catching its breath. Please try again in a few minutes."))
    else:
        messages.success(request, _("Thank you, photo %(seq)s has arrived.") % {"seq": seq})
    incoming.drain(request)
    return redirect(links.order_path(found))


def _take_again(request: HttpRequest, found: Order, seq: int) -> None:
    """The form's first file in the photo's place. A photo that nobody asked for is refused unread."""
    file = next(form_files.checked(request), None)
    if file is None:
        raise UploadRefused("no_file", "")
    services.demand_asked_for(found, seq)
    declared = incoming.length(request)
    photo = receive(found.draft_id, file.pieces, filename=file.filename or "", declared_bytes=declared).photo
    services.replace_photo(found, seq, photo)


def _details(request: HttpRequest, found: Order, voucher: Voucher | None) -> dict[str, object]:
    heading, lede = headings.heading(found, voucher)
    events = list(found.events.all())
    waiting = snapshots.load(found.number) if found.paid_at is None else None
    return {
        "heading": heading,
        "lede": lede,
        "refunded_cents": order_page.refunded_cents(found),
        "payment": headings.payment_words(found),
        "steps": order_page.steps(found, events)
        if found.paid_at and found.state not in ("cancelled", "expired")
        else [],
        "prints": [
            (item, pictures.finished(item.photo, item, item.fit, item.crop), _name(item.photo, waiting))
            for item in found.items.all()
        ],
        "max_file_mb": settings.UPLOAD_MAX_FILE_MB,
        "missing": [photo for photo in found.photos.all() if photo.missing_since],
        "tracking_url": carriers.tracking_url(found.carrier, found.tracking),
        "delivery": waiting.delivery if waiting else found,
        "may_reorder": reordering.possible(found),
        "photos_deleted": found.photos_deleted_at is not None,
        "arrives": arrival.of_order(found, shop_of(request)),
        "ready_by": arrival.ready_by(found, shop_of(request)),
        "may_cancel": services.customer_may_cancel(found),
        "voucher": voucher,
        "may_pay": order_page.may_pay(found, voucher),
        "may_start_again": order_page.may_start_again(found),
    }


def _name(photo: OrderPhoto, waiting: Snapshot | None) -> str:
    """What the customer called the photo; the database knows it once the order is paid."""
    return (
        photo.filename
        or (waiting.filenames.get(photo.seq, "") if waiting else "")
        or _("Photo %(seq)s") % {"seq": photo.seq}
    )


def _count(request: HttpRequest) -> int:
    given = request.GET.get("n", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
