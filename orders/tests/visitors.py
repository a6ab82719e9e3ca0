"""A visitor's steps up to paying, without HTTP: for tests that begin where these end."""

import itertools
from typing import Any

from django.test import Client

from orders import catalogue, checkout, drafts
from orders.drafts import Draft
from orders.models import Order
from uploads import stash
from uploads.photo import Photo

PICKUP = {"method": "pickup", "name": "Maria João Ângelo", "email": "maria@example.test"}
POST = PICKUP | {
    "method": "post",
    "phone": "912 345 678",
    "street": "Rua Augusta 100",
    "extra": "3.º Esq.",
    "postal_code": "1100-053",
    "city": "Lisboa",
    "nif": "123456789",
    "language": "pt",
    "note": "Tocar duas vezes",
}
_different = itertools.count()


class Browser(Client):
    """A client that sends back the CSRF token it was given, as the pages' script does."""

    def generic(self, method: str, path: Any, *args: Any, headers: Any = None, **kwargs: Any) -> Any:
        token = self.cookies.get("csrftoken")
        if token:
            headers = {"X-CSRFToken": token.value} | (headers or {})
        return super().generic(method, path, *args, headers=headers, **kwargs)


def photo(
    draft: Draft, filename: str = "praia.jpg", width: int = 1800, height: int = 1200, state: str = "ready"
) -> Photo:
    """A photo of the draft, as the uploads leave it; each has bytes of its own."""
    with stash.open_writer(draft.id) as writer:
        writer.write(b"photo %d" % next(_different))
        made = writer.commit(filename=filename, content_type="image/jpeg", width=width, height=height)
    if state == "ready":
        stash.mark_ready(draft.id, made.id, width=width, height=height)
    if state == "broken":
        stash.mark_broken(draft.id, made.id, "image_broken")
    found = stash.get(draft.id, made.id)
    assert found is not None
    return found


def row(of: Photo, quantity: int = 1, **changes: object) -> dict[str, object]:
    return {
        "photo": of.id,
        "product": "10x15",
        "finish": "matte",
        "quantity": quantity,
        "fit": "crop",
        "crop": None,
    } | changes


def complete(filename: str = "praia.jpg") -> Draft:
    """A draft of one photo printed twice, picked up in the studio: ready to be paid for."""
    catalogue.install_default_catalogue()
    draft = drafts.create(language="pt")
    drafts.set_items(draft, [row(photo(draft, filename), 2)])
    return drafts.set_delivery(draft, PICKUP)


def pending(filename: str = "praia.jpg") -> Order:
    """The order that such a draft becomes at checkout."""
    return checkout.freeze(complete(filename), language="pt", terms=True)


def draft_of(client: Client) -> Draft:
    """The draft of a browser's session, made now if there is none."""
    client.get("/api/v1/drafts/current/")
    draft = drafts.get(client.session[drafts.SESSION_KEY])
    assert draft is not None
    return draft
