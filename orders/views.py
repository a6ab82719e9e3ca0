"""The customer's pages up to paying: photos and prints, delivery, review. Each guards, reads, acts and redirects."""

import datetime
import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from addresses.services import AddressAmbiguous, AddressError
from orders import advice, cards, checkout, drafts, forms, hints, limits, pictures, price_book, sizes, start_page
from orders import basket as baskets
from orders.basket import Basket
from orders.delivery import LENGTHS
from orders.drafts import Draft
from orders.limits import TooOften
from orders.models import ShippingZone, ShopSettings
from orders.problems import Errors, Invalid, Problem
from orders.running_total import prints_text
from uploads import stash
from uploads.photo import Photo

LOOK_AGAIN_FOR = datetime.timedelta(seconds=10)
ABOUT_CODE = "code"  # the mark of a message that is said beside the coupon's field
P = ParamSpec("P")
MISSING = {
    "items": gettext_lazy("Choose at least one print first."),
    "photos": gettext_lazy(
        "Some photos are still being looked at, or cannot be printed. Wait a moment, or remove them."
    ),
    "delivery": gettext_lazy("Tell us first where the prints shall go."),
    "minimum_order": gettext_lazy("Your order is below the smallest sum that we take."),
}


def with_draft(
    view: Callable[Concatenate[HttpRequest, Draft, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Hands the view the visitor's draft; where it has expired or been ordered, says so on a new first page."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            draft = drafts.for_request(request)
            if request.method in ("GET", "HEAD"):
                drafts.rotate_if_due(request)
            return view(request, draft, *args, **kwargs)
        except Problem as problem:
            messages.error(request, str(problem.detail))
        except Http404:
            messages.error(request, _("Please choose your photos first."))
        return redirect("home")

    return guarded


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Nothing is kept of who only looks: draft and session begin with the first photo."""
    return _begun(request) if drafts.SESSION_KEY in request.session else _start(request)


@with_draft
def _begun(request: HttpRequest, draft: Draft) -> HttpResponse:
    photos = stash.photos(draft.id)
    return _saved(request, draft, price_book.shown(), photos) if photos else _start(request)


def _start(request: HttpRequest) -> HttpResponse:
    return start_page.response(request, lambda: _saved(request, drafts.blank(), price_book.read(), []))


def _saved(request: HttpRequest, draft: Draft, book: price_book.PriceBook, photos: list[Photo]) -> HttpResponse:
    """The first page with these photos of the draft. Never reads them again: without any the page is kept for everybody,
    and one that arrives meanwhile is its customer's alone."""
    basket = baskets.load(cards.with_first_rows(draft, photos, book.products), book, photos)
    return _home(request, basket, cards.cards(basket, basket.book.products, saved=draft.items))


@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def prints(request: HttpRequest, draft: Draft) -> HttpResponse:
    """The prints form without a script: saves the rows, after what the pressed button asks for. With mistakes it comes
    back under this address, which then may be opened again: that leads to the photos."""
    if request.method != "POST":
        return redirect("home")
    codes = list(price_book.shown().products)
    rows, target = _after_button(request, draft, cards.sent_rows(request.POST), codes)
    try:
        drafts.set_items(draft, [{name: row[name] for name in cards.FIELDS} for row in rows])
    except Invalid as problem:
        return _prints_again(request, draft, rows, problem)
    return redirect(target)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def delivery(request: HttpRequest, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        return _delivery(request, draft, draft.typed or draft.delivery or {})
    fields = _delivery_fields(request)
    try:
        draft = drafts.set_delivery(draft, fields, lambda: limits.counted(limits.ADDRESSES, request))
    except Invalid as problem:
        return _delivery(
            request, draft, fields, problem.errors if isinstance(problem.errors, Mapping) else {}, status=422
        )
    except AddressError as problem:
        return _delivery(request, draft, fields, problem=problem, status=problem.status)
    except TooOften as problem:
        answer = _delivery(request, draft, fields, problem=problem, status=problem.status)
        answer["Retry-After"] = str(problem.wait)
        return answer
    return redirect("review" if (draft.address or {}).get("confirmed") else "delivery")


@never_cache
@require_safe
@with_draft
def review(request: HttpRequest, draft: Draft) -> HttpResponse:
    basket = baskets.load(draft, price_book.shown())
    missing = checkout.missing(basket)
    for lacking, page in (("items", "home"), ("delivery", "delivery")):
        if lacking in missing:
            messages.warning(request, str(MISSING[lacking]))
            return redirect(page)
    context = {
        "basket": basket,
        "prints": [
            (item, pictures.finished(item.photo, item.product, item.row["fit"], item.row["crop"]))
            for item in basket.prints
        ],
        "delivery": draft.delivery,
        "address": draft.address,
        "missing": [MISSING[lacking] for lacking in missing],
        "api": reverse("api:draft", args=["current"]),
        "waiting": any(photo.state == "checking" for photo in basket.photos),
        "look_again": _just_arrived(basket.photos),
        "cancelled": "cancelled" in request.GET,
        "hints": hints.of_basket(basket),
        "prints_text": prints_text(basket.totals.prints),
        "about_code": ABOUT_CODE,
        "code_said": _code_said(request),
    }
    return render(request, "orders/review.html", context)


def _code_said(request: HttpRequest) -> dict[str, str] | None:
    """What the last try of a code came to: its `text`, whether it is `refused`, and then what was `typed`. It stands beside
    the field; the messages at the top leave it out."""
    said = None
    for message in messages.get_messages(request):
        mark, _space, typed = (message.extra_tags or "").partition(" ")
        if mark == ABOUT_CODE:
            refused = "yes" if message.level == messages.ERROR else ""
            said = {"text": str(message.message), "refused": refused, "typed": typed}
    return said


def _just_arrived(photos: Sequence[Photo]) -> bool:
    """Whether a picture follows within seconds. Later the page, without JavaScript, no longer loads anew by itself: that
    would take away what is being chosen on it."""
    latest = timezone.now() - LOOK_AGAIN_FOR
    return any(photo.state == "checking" and photo.created_at > latest for photo in photos)


def _home(request: HttpRequest, basket: Basket, shown: list[cards.Card], **more: object) -> HttpResponse:
    products, posted = basket.book.products, basket.book.shipping.values()
    listed, scale = sizes.sizes(products.values())
    blank = cards.blank_card(products)
    context = {
        "api": reverse("api:draft", args=["current"]),
        "cards": shown,
        "blank": blank,
        "all_row": blank.rows[0],
        "look_again": "form_errors" not in more and _just_arrived(basket.photos),
        "products": listed,
        "finishes": cards.finishes(products),
        "products_json": sizes.products_json(products.values()),
        "scale": scale,
        "posted_from": min(posted) if any(posted) else None,
        "delivery_days": _delivery_days(basket.book.shop),
        "running_total": basket.running_total,
        "off_sale": basket.off_sale,
        "max_file_mb": settings.UPLOAD_MAX_FILE_MB,
        "max_photos": settings.UPLOAD_MAX_PHOTOS,
        "max_quantity": settings.ITEM_MAX_QUANTITY,
        "advice": advice.SENTENCES,
        "language_tag": "en-IE" if translation.get_language() == "en" else "pt-PT",
    }
    return render(request, "orders/home.html", context | more, status=422 if "form_errors" in more else 200)


def _after_button(
    request: HttpRequest, draft: Draft, rows: list[dict[str, Any]], codes: list[str]
) -> tuple[list[dict[str, Any]], str]:
    """The rows as the pressed button leaves them, and where to go next."""
    pressed = request.POST
    home_page = reverse("home")
    if photo_id := pressed.get("remove_photo"):
        drafts.photo_removed(draft, photo_id)  # before its bytes go: the rows may be refused below (C6)
        stash.remove(draft.id, photo_id)
        return [row for row in rows if row["photo"] != photo_id], home_page
    if suffix := pressed.get("remove_row"):
        return [row for row in rows if row["suffix"] != suffix], home_page
    if photo_id := pressed.get("add_row"):
        return cards.with_another(rows, photo_id, codes), f"{home_page}#photo-{photo_id}"
    if "apply" in pressed:
        return cards.all_alike(rows, pressed), home_page
    return rows, reverse("delivery") if "next" in pressed else home_page


def _prints_again(request: HttpRequest, draft: Draft, rows: list[dict[str, Any]], problem: Invalid) -> HttpResponse:
    basket = baskets.load(draft)
    errors: list[Errors] = list(problem.errors) if isinstance(problem.errors, list) else []
    general = [] if errors else [str(error) for found in dict(problem.errors).values() for error in found]  # type: ignore[arg-type]  # a mapping, where it is no list
    there = {photo.id for photo in basket.photos}
    gone = [found.get("photo", []) for row, found in zip(rows, errors, strict=False) if row["photo"] not in there]
    general += dict.fromkeys(str(error) for found in gone for error in found)  # no card of theirs could say it
    shown = cards.typed_cards(basket.photos, rows, errors, basket.book.products)
    return _home(request, basket, shown, form_errors=general)


def _delivery_fields(request: HttpRequest) -> dict[str, object]:
    """What the form sent; a chosen candidate takes the place of the address that was typed."""
    fields: dict[str, object] = {name: request.POST.get(name, "") for name in ("method", *LENGTHS)}
    fields["street"] = forms.street_line(request.POST.get("street", ""), request.POST.get("door", ""))
    fields |= {name: name in request.POST for name in ("keep", "use_suggestion")}
    if fields["keep"] or fields["use_suggestion"]:
        fields["place_id"] = request.POST.get("place_id", "")  # of several that matched, the one that is confirmed now
    if "choose" in request.POST:
        try:
            candidate = json.loads(request.POST.get("candidate", ""))
            chosen = {name: str(candidate[name]) for name in ("street", "postal_code", "city", "place_id")}
            if not re.fullmatch(r"\d{4}-\d{3}", chosen["postal_code"], re.ASCII):
                del chosen["postal_code"]  # the maps know some villages by four digits only: what was typed is better
            fields |= {name: value for name, value in chosen.items() if value}
        except (ValueError, KeyError, TypeError, RecursionError):  # the last: nested too deeply
            pass  # nothing chosen: the form comes back with the candidates
    return fields


def _delivery(
    request: HttpRequest,
    draft: Draft,
    values: Mapping[str, Any],
    errors: Errors | None = None,
    problem: AddressError | TooOften | None = None,
    status: int = 200,
) -> HttpResponse:
    shop = ShopSettings.load()
    address = draft.address or {}
    suggestion = address.get("suggestion") if request.method != "POST" and not address.get("confirmed") else None
    candidates = problem.candidates if isinstance(problem, AddressAmbiguous) else []
    context = {
        "values": values or {"language": translation.get_language()},
        "who": forms.filled(forms.WHO, values, errors or {}),
        "where": forms.filled(forms.WHERE, forms.parted(values, request.POST), errors or {}),
        "also": forms.filled(forms.ALSO, values, errors or {}),
        "errors": errors,
        "zones": ShippingZone.objects.all(),
        "delivery_days": _delivery_days(shop),
        "suggestion": suggestion,
        "suggested_address": address.get("formatted_address"),
        "suggested_place": address.get("place_id"),
        "candidates": [candidate | {"value": json.dumps(candidate)} for candidate in candidates],
        "problem": problem.detail
        if problem
        else _("We found this address a little differently.")
        if suggestion
        else "",
    }
    return render(request, "orders/delivery.html", context, status=status)


def _delivery_days(shop: ShopSettings) -> str:
    """ "3–6", or "3" where that is certain."""
    least, most = sorted((shop.delivery_days_min, shop.delivery_days_max))
    return str(least) if least == most else f"{least}–{most}"
