"""The API: its shapes, its refusals, and who may see what (S7, C62, DESIGN §4)."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from addresses.tests.conftest import Google, place
from orders import catalogue, drafts, links, services, snapshots
from orders.models import Order
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg
from uploads import stash

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture
def client() -> Client:
    return visitors.Browser()


@pytest.fixture(autouse=True)
def price_list() -> None:
    catalogue.install_default_catalogue()


def put(client: Client, path: str, body: object) -> Any:
    return client.put(f"{API}drafts/current/{path}/", body, content_type="application/json")


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def test_a_new_visitor_gets_an_empty_draft_and_the_csrf_cookie(client: Client) -> None:
    answer = client.get(f"{API}drafts/current/")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) >= {"id", "expires_at", "photos", "items", "delivery", "totals"}
    assert body["totals"] == {
        "items_cents": 0,
        "shipping_cents": 0,
        "discount_cents": 0,
        "total_cents": 0,
        "tax_cents": 0,
        "currency": "EUR",
        "prints": 0,
    }
    assert body["expires_at"].endswith("Z")
    assert "csrftoken" in answer.cookies
    assert client.get(f"{API}drafts/current/").json()["id"] == body["id"]
    assert "X-Request-ID" in answer


def test_posting_drafts_starts_a_new_one_for_the_visitor(client: Client) -> None:
    old = client.get(f"{API}drafts/current/").json()["id"]
    answer = client.post(f"{API}drafts/")
    assert answer.status_code == 201
    assert answer.json()["id"] != old
    assert client.get(f"{API}drafts/{answer.json()['id']}/").status_code == 200
    assert client.get(f"{API}drafts/{old}/").status_code == 404


@pytest.mark.parametrize("path", ["items", "delivery"])
def test_a_foreign_site_cannot_change_a_visitors_draft(path: str) -> None:
    """S7: without the token nothing changes, for anonymous sessions too."""
    client = Client(enforce_csrf_checks=True)
    draft = visitors.draft_of(client)
    answer = put(client, path, [] if path == "items" else visitors.PICKUP)
    assert answer.status_code == 403
    assert (drafts.get(draft.id) or draft).version == draft.version
    token = client.cookies["csrftoken"].value
    body: Any = [] if path == "items" else visitors.PICKUP
    url = f"{API}drafts/current/{path}/"
    assert client.put(url, body, content_type="application/json", headers={"X-CSRFToken": token}).status_code == 200


def test_another_visitors_draft_is_404_everywhere(client: Client) -> None:
    """C62, S8."""
    other = visitors.complete()
    photo = stash.photos(other.id)[0]
    client.get(f"{API}drafts/current/")
    for path in ("", f"photos/{photo.id}/", f"photos/{photo.id}/preview/"):
        assert client.get(f"{API}drafts/{other.id}/{path}").status_code == 404
    for path, body in (("items", []), ("delivery", visitors.PICKUP)):
        url = f"{API}drafts/{other.id}/{path}/"
        assert client.put(url, body, content_type="application/json").status_code == 404
    assert client.get(f"{API}drafts/current/photos/{photo.id}/").status_code == 404
    assert len((drafts.get(other.id) or other).items) == 1


def test_products_are_a_plain_list_with_the_pixels_that_each_quality_needs(client: Client) -> None:
    products = client.get(f"{API}products/").json()
    assert len(products) == 7
    assert products[0] == {
        "code": "10x15",
        "name": "10 × 15 cm",
        "width_mm": 100,
        "height_mm": 150,
        "border_mm": 3,
        "finishes": [{"code": "matte", "name": "Mate"}, {"code": "glossy", "name": "Brilhante"}],
        "tiers": [{"from": n, "unit_cents": cents} for n, cents in ((1, 35), (50, 29), (100, 25), (300, 19))],
        "pixels": {"good": [788, 1182], "fair": [473, 709]},
    }


def test_products_are_read_in_a_constant_number_of_queries(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        client.get(f"{API}products/")


def test_items_come_back_with_price_and_quality(client: Client) -> None:
    photo = visitors.photo(visitors.draft_of(client))
    answer = put(client, "items", [visitors.row(photo, 2)])
    assert answer.status_code == 200
    body = answer.json()
    assert body["items"] == [
        {
            "photo": photo.id,
            "product": "10x15",
            "finish": "matte",
            "quantity": 2,
            "fit": "crop",
            "crop": None,
            "unit_cents": 35,
            "line_cents": 70,
            "dpi": 304,
            "quality": "good",
        }
    ]
    assert (body["totals"]["items_cents"], body["totals"]["tax_cents"], body["totals"]["prints"]) == (70, 13, 2)
    assert body["photos"][0]["id"] == photo.id


def test_each_wrong_row_is_named_and_nothing_changes(client: Client) -> None:
    photo = visitors.photo(visitors.draft_of(client))
    put(client, "items", [visitors.row(photo, 3)])
    answer = put(client, "items", [visitors.row(photo), visitors.row(photo, 0), visitors.row(photo, finish="gold")])
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation_error"
    found = [(error["attr"], error["code"]) for error in answer.json()["errors"]]
    assert found == [("1.quantity", "invalid_quantity"), ("2.finish", "unknown_finish")]
    assert client.get(f"{API}drafts/current/").json()["totals"]["prints"] == 3


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '"x"',
        "5",
        "null",
        "[1]",
        "[[]]",
        "[null]",
        "{",
        "\xff",
        "[" * 100_000,
        '[{"photo": "\\ud800"}]',
        "9" * 5000,
    ],
)
@pytest.mark.parametrize("path", ["items", "delivery"])
def test_odd_bodies_are_400_never_500(client: Client, path: str, body: str) -> None:
    client.get(f"{API}drafts/current/")
    answer = client.put(f"{API}drafts/current/{path}/", body.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_body_that_is_too_long_is_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.get(f"{API}drafts/current/")
    answer = put(client, "items", [{"photo": "x" * 1000}])
    assert (answer.status_code, codes(answer)) == (413, ["too_large"])


def test_pickup_needs_no_address(client: Client) -> None:
    """A5."""
    visitors.draft_of(client)
    answer = put(client, "delivery", visitors.PICKUP)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["verdict"], body["formatted_address"], body["suggestion"]) == ("confirmed", "", None)
    assert body["draft"]["delivery"]["name"] == "Maria João Ângelo"


def test_an_address_in_lisbon_is_confirmed_and_sets_the_postage(client: Client, google_server: Google) -> None:
    """A1, A5."""
    photo = visitors.photo(visitors.draft_of(client))
    put(client, "items", [visitors.row(photo)])
    answer = put(client, "delivery", visitors.POST)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["verdict"], body["formatted_address"]) == ("confirmed", "R. Augusta 100, 1100-053 Lisboa, Portugal")
    assert body["draft"]["totals"]["shipping_cents"] == 390
    assert body["draft"]["delivery"]["phone"] == "+351912345678"


def test_refused_addresses_have_their_codes(client: Client, google_server: Google) -> None:
    """A1, A3."""
    draft = visitors.draft_of(client)
    google_server.finds()
    answer = put(client, "delivery", visitors.POST)
    assert (answer.status_code, codes(answer)) == (422, ["address_not_found"])
    google_server.finds(place(country="ES"))
    answer = put(client, "delivery", visitors.POST | {"street": "Calle Mayor 1", "city": "Madrid"})
    assert (answer.status_code, codes(answer)) == (422, ["address_not_in_portugal"])
    google_server.finds(place(place_id="a"), place(place_id="b", city="Porto"))
    answer = put(client, "delivery", visitors.POST | {"street": "Rua da Igreja 1"})
    assert (answer.status_code, codes(answer)) == (422, ["address_ambiguous"])
    assert [candidate["city"] for candidate in answer.json()["candidates"]] == ["Lisboa", "Porto"]
    google_server.answers("OVER_QUERY_LIMIT")
    answer = put(client, "delivery", visitors.POST | {"street": "Rua do Ouro 1"})
    assert (answer.status_code, codes(answer)) == (503, ["address_service_unavailable"])
    assert answer["Retry-After"] == "30"
    assert (drafts.get(draft.id) or draft).delivery is None


def test_a_candidate_is_chosen_by_its_place_id(client: Client, google_server: Google) -> None:
    visitors.draft_of(client)
    google_server.finds(place(place_id="a"), place(place_id="b"))
    assert put(client, "delivery", visitors.POST | {"place_id": "b"}).json()["verdict"] == "confirmed"


def test_a_suggested_address_waits_for_the_customers_word(client: Client, google_server: Google) -> None:
    """A1, A2."""
    draft = visitors.draft_of(client)
    google_server.finds(place(partial_match=True, number="102", postal_code="1100"))
    answer = put(client, "delivery", visitors.POST)
    assert answer.json()["verdict"] == "suggested"
    assert answer.json()["suggestion"]["street"] == "Rua Augusta 102"
    assert ((drafts.get(draft.id) or draft).address or {})["confirmed"] is False
    kept = put(client, "delivery", visitors.POST | {"keep": True}).json()
    assert (kept["draft"]["delivery"]["street"], kept["flagged"]) == ("Rua Augusta 100", True)
    assert ((drafts.get(draft.id) or draft).address or {})["confirmed"] is True
    used = put(client, "delivery", visitors.POST | {"use_suggestion": True}).json()
    assert (used["verdict"], used["draft"]["delivery"]["street"], used["flagged"]) == (
        "confirmed",
        "Rua Augusta 102",
        False,
    )
    assert used["draft"]["delivery"]["postal_code"] == "1100-053"


def test_a_door_that_the_map_does_not_know_is_not_lost(client: Client, google_server: Google) -> None:
    """A1: "use this address" corrects the street; the number that the customer typed stays."""
    visitors.draft_of(client)
    google_server.finds(place(partial_match=True, number=""))
    suggested = put(client, "delivery", visitors.POST | {"street": "rua Augusta, 5000 B"}).json()
    assert suggested["suggestion"]["street"] == "Rua Augusta"
    used = put(client, "delivery", visitors.POST | {"street": "rua Augusta, 5000 B", "use_suggestion": True}).json()
    assert used["draft"]["delivery"]["street"] == "Rua Augusta 5000 B"


def test_the_stand_in_knows_lisbon_and_madrid(client: Client, sandbox: Any) -> None:
    """The contract's two addresses, asked over the wire."""
    visitors.draft_of(client)
    assert put(client, "delivery", visitors.POST).json()["verdict"] == "confirmed"
    answer = put(client, "delivery", visitors.POST | {"street": "Calle Mayor 1", "city": "Madrid"})
    assert codes(answer) == ["address_not_in_portugal"]


def test_the_signed_link_opens_the_order_and_nothing_else_does(client: Client) -> None:
    """C62, S8."""
    order = visitors.pending("avó.jpg")
    url = f"{API}orders/{order.number}/"
    assert client.get(url).status_code == 404
    assert client.get(url, {"t": links.token(OrderFactory())}).status_code == 404
    assert client.get(f"{url}?t=%ED%A0%BD%FF").status_code == 404
    answer = client.get(url, {"t": links.token(order)})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {
        "number",
        "state",
        "payment_state",
        "created_at",
        "payments",
        "items",
        "delivery",
        "totals",
        "photos",
        "shipment",
        "voucher",
        "events",
    }
    assert (body["state"], body["payment_state"], body["shipment"], body["voucher"]) == (
        "pending",
        "unpaid",
        None,
        None,
    )
    assert body["delivery"]["name"] == "Maria João Ângelo"
    photo = order.photos.get()
    assert body["photos"] == [
        {
            "seq": 1,
            "filename": "avó.jpg",
            "sha256": photo.sha256,
            "stored": False,
            "missing": False,
            "replace_reason": "",
        }
    ]
    assert [(event["kind"], event["from"], event["to"]) for event in body["events"]] == [("created", "", "pending")]


def test_a_revoked_link_opens_nothing(client: Client) -> None:
    """S4."""
    order = OrderFactory(paid=True)
    token = links.token(order)
    Order.objects.filter(pk=order.pk).update(link_version=2)
    assert client.get(f"{API}orders/{order.number}/", {"t": token}).status_code == 404


def test_a_shipped_order_shows_its_parcel(client: Client) -> None:
    order = services.ship(OrderFactory(paid=True), "CTT", "RR1PT")
    body = client.get(f"{API}orders/{order.number}/", {"t": links.token(order)}).json()
    assert (body["shipment"]["carrier"], body["shipment"]["tracking"]) == ("CTT", "RR1PT")
    assert body["shipment"]["url"].startswith("https://")


def test_orders_are_listed_to_their_customer_alone(client: Client) -> None:
    """C62."""
    mine, other = (User.objects.create_user(f"{name}@example.test", "a-long-password") for name in ("mine", "other"))
    order = OrderFactory(paid=True, customer=mine)
    theirs = OrderFactory(paid=True, customer=other)
    assert client.get(f"{API}orders/").status_code == 403
    client.force_login(mine)
    body = client.get(f"{API}orders/").json()
    assert [found["number"] for found in body["results"]] == [order.number]
    assert (body["next"], body["previous"]) == (None, None)
    assert client.get(f"{API}orders/{order.number}/").status_code == 200
    assert client.get(f"{API}orders/{theirs.number}/").status_code == 404


def test_staff_see_orders_but_no_prices_unless_permitted(client: Client) -> None:
    """O6."""
    staff = User.objects.create_user("staff@example.test", "a-long-password", is_staff=True)
    order = OrderFactory(paid=True)
    client.force_login(staff)
    assert client.get(f"{API}orders/{order.number}/").status_code == 404
    staff.user_permissions.add(Permission.objects.get(codename="view_order"))
    body = client.get(f"{API}orders/{order.number}/").json()
    assert (body["totals"], body["items"][0]["line_cents"]) == (None, None)
    staff.user_permissions.add(Permission.objects.get(codename="view_money"))
    assert client.get(f"{API}orders/{order.number}/").json()["totals"]["total_cents"] == 460


def test_the_list_of_orders_takes_a_constant_number_of_queries(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    mine = User.objects.create_user("mine@example.test", "a-long-password")
    for _unused in range(20):
        OrderFactory(paid=True, customer=mine)
    client.force_login(mine)
    with django_assert_max_num_queries(8):
        assert len(client.get(f"{API}orders/").json()["results"]) == 20


def test_a_missing_photo_is_replaced_by_the_signed_link_without_a_session(client: Client) -> None:
    order = visitors.pending()
    order = services.mark_paid(order, snapshot=snapshots.load(order.number), missing=[order.photos.get().photo_id])
    url = f"{API}orders/{order.number}/photos/1/?t={links.token(order)}"
    outsider = Client(enforce_csrf_checks=True)
    assert outsider.post(f"{API}orders/{order.number}/photos/1/", jpeg(), content_type="image/jpeg").status_code in (
        403,
        404,
    )
    answer = outsider.post(url, jpeg(seed=5), content_type="image/jpeg", headers={"X-Filename": "de%20novo.jpg"})
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["photos"][0]["filename"]) == ("paid", "de novo.jpg")
    again = outsider.post(url, jpeg(seed=6), content_type="image/jpeg")
    assert (again.status_code, codes(again)) == (409, ["invalid_transition"])
    assert order.photos.get().filename == "de novo.jpg"


def test_the_schema_and_its_page_are_served(client: Client) -> None:
    schema = client.get("/api/schema/", {"format": "json"})
    assert schema.status_code == 200
    paths = schema.json()["paths"]
    for path in ("products/", "drafts/", "drafts/{draft_id}/items/", "drafts/{draft_id}/delivery/", "orders/{number}/"):
        assert f"/api/v1/{path}" in paths
    page = client.get("/docs/")
    assert page.status_code == 200
    assert "'unsafe-inline'" in page["Content-Security-Policy"].partition("style-src")[2].partition(";")[0]
    assert "'unsafe-inline'" not in page["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    assert b"https://cdn" not in page.content
