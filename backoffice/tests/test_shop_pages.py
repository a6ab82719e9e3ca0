"""Catalogue, settings, legal texts, tasks and the webhook inbox in the admin."""

import datetime
from io import BytesIO
from typing import Any, cast

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image

from orders import catalogue
from orders.catalogue import install_default_catalogue
from orders.models import LegalDocument, PriceTier, Product, ShopSettings
from outbox.models import OutboxMessage
from payments.models import WebhookEvent

PAGES = [
    "", "orders/order/", "orders/product/", "orders/product/add/", "orders/finish/", "orders/shippingzone/", "orders/legaldocument/",
    "orders/legaldocument/add/", "payments/paymentattempt/", "payments/webhookevent/", "outbox/outboxmessage/", "accounts/user/",
    "accounts/user/add/", "auth/group/", "password_change/", "orders/coupon/", "orders/coupon/add/", "payments/paymentlink/",
    "payments/paymentlink/add/", "payments/linkpayment/", "payments/discrepancy/", "payments/balancetransaction/", "payments/payout/",
]  # fmt: skip


@pytest.mark.parametrize("language", ["pt", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_admin_opens_in_both_languages(owner_client: Client, page: str, language: str) -> None:
    response = owner_client.get(f"/admin/{page}", headers={"accept-language": language}, follow=True)
    expected = 403 if page == "auth/group/add/" else 200
    assert response.status_code == expected
    assert f'lang="{language}"' in response.content.decode()


def test_a_changed_price_is_in_the_products_history(owner_client: Client, owner: Any) -> None:
    """O6: who, when, what."""
    install_default_catalogue()
    product = Product.objects.get(code="30x40")
    tiers = list(product.tiers.order_by("from_quantity"))
    form: dict[str, Any] = {
        "name_pt": product.name_pt, "name_en": product.name_en, "width_mm": 300, "height_mm": 400, "border_mm": 8, "position": 4,
        "active": "on", "finishes": [finish.pk for finish in product.finishes.all()],
        "tiers-TOTAL_FORMS": len(tiers), "tiers-INITIAL_FORMS": len(tiers),
    }  # fmt: skip
    for number, tier in enumerate(tiers):
        form |= {f"tiers-{number}-id": tier.pk, f"tiers-{number}-product": product.pk}
        form |= {
            f"tiers-{number}-from_quantity": tier.from_quantity,
            f"tiers-{number}-price_group": "",
            f"tiers-{number}-unit_cents": 999,
        }
    response = owner_client.post(f"/admin/orders/product/{product.pk}/change/", form)
    assert response.status_code == 302
    first = PriceTier.objects.get(pk=tiers[0].pk)
    assert first.unit_cents == 999
    change = first.history.first()
    assert (change.history_user, change.unit_cents) == (owner, 999)


def test_a_price_that_the_owner_adds_is_a_public_one_and_none_is_there_twice(owner_client: Client, owner: Any) -> None:
    """O6: price groups come with trade customers; a product whose prices all had one would leave the sale unseen."""
    install_default_catalogue()
    product = Product.objects.get(code="13x18")
    PriceTier.objects.filter(product=product).delete()
    PriceTier.objects.create(product=product, price_group="trade", from_quantity=1, unit_cents=40)
    url = f"/admin/orders/product/{product.pk}/change/"
    page = owner_client.get(url).content.decode()
    assert 'type="hidden" name="tiers-__prefix__-price_group"' in page
    assert 'name="tiers-0-' not in page
    form: dict[str, Any] = {
        "name_pt": product.name_pt, "name_en": product.name_en, "width_mm": 130, "height_mm": 180, "border_mm": 4, "position": 1,
        "active": "on", "finishes": [finish.pk for finish in product.finishes.all()],
        "tiers-TOTAL_FORMS": 2, "tiers-INITIAL_FORMS": 0,
    }  # fmt: skip
    for number, start in enumerate((1, 1)):
        form |= {f"tiers-{number}-from_quantity": start, f"tiers-{number}-unit_cents": 60 - number}
        form |= {f"tiers-{number}-price_group": "trade"}
    assert owner_client.post(url, form).status_code == 200
    assert "13x18" not in catalogue.products()
    assert owner_client.post(url, form | {"tiers-1-from_quantity": 50}).status_code == 302
    public = PriceTier.objects.filter(product=product, price_group="").values_list("from_quantity", "unit_cents")
    assert sorted(public) == [(1, 60), (50, 59)]
    assert catalogue.products()["13x18"].tiers_for() == ((1, 60), (50, 59))


def test_the_shop_has_one_settings_page_and_no_second_row(owner_client: Client) -> None:
    response = owner_client.get("/admin/orders/shopsettings/")
    assert response["Location"] == "/admin/orders/shopsettings/1/change/"
    assert owner_client.get("/admin/orders/shopsettings/add/").status_code == 403
    owner_client.post("/admin/orders/shopsettings/1/delete/", {"post": "yes"})
    assert ShopSettings.objects.count() == 1


def send_logo(client: Client, size: int, **changes: str) -> HttpResponse:
    """The settings page as it stands, with the changes and a PNG of so many bytes."""
    url = "/admin/orders/shopsettings/1/change/"
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if name != "logo"}
    picture = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    logo = SimpleUploadedFile("logo.png", picture.getvalue().ljust(size, b"\0"), "image/png")
    data = {name: value for name, value in values.items() if value is not None and value is not False}
    return cast(HttpResponse, client.post(url, data | changes | {"logo": logo}))


def test_a_logo_that_is_too_large_is_refused_at_its_field_and_nothing_changes(
    owner_client: Client, s3_bucket: Any
) -> None:
    ShopSettings.objects.create(pk=1, studio_name="Foto Nova")
    answer = send_logo(owner_client, 2_621_441, studio_name="Foto Velha")
    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors  # type: ignore[attr-defined]  # the test client adds it
    assert errors == {"logo": ["This file is too large: at most 2.5 MB."]}
    assert "at most 2.5 MB" in answer.content.decode()
    assert (ShopSettings.load().studio_name, ShopSettings.load().logo.name, s3_bucket.keys()) == ("Foto Nova", "", [])


def test_a_logo_of_the_largest_size_is_kept(owner_client: Client, s3_bucket: Any) -> None:
    ShopSettings.objects.create(pk=1, studio_name="Foto Nova")
    assert send_logo(owner_client, 2_621_440, studio_name="Foto Velha").status_code == 302
    assert (ShopSettings.load().studio_name, ShopSettings.load().logo.size) == ("Foto Velha", 2_621_440)
    assert s3_bucket.keys() == ["shop/logo.png"]
    assert (ShopSettings.load().logo_width, ShopSettings.load().logo_height) == (8, 8)


def test_the_header_leaves_the_logos_room_free_and_reads_no_storage_for_it(
    owner_client: Client, s3_bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No layout shift while the logo arrives; a settings page saved without a new logo keeps its size."""
    ShopSettings.objects.create(pk=1, studio_name="Foto Nova")
    send_logo(owner_client, 500)
    shop = ShopSettings.load()
    shop.studio_name = "Foto Velha"
    shop.save()
    monkeypatch.setattr(default_storage, "open", None)
    page = owner_client.get("/legal/terms/").content.decode()
    assert '<img src="/logo/" alt="Foto Velha" width="8" height="8">' in page
    shop.logo = ""
    shop.save()
    assert ShopSettings.load().logo_width is None


def test_the_admin_refuses_a_nipc_whose_check_digit_does_not_fit(owner_client: Client) -> None:
    """P2."""
    ShopSettings.objects.create(pk=1, nipc="509442013")
    answer = send_logo(owner_client, 0, nipc="509442014")
    said = "A NIPC has nine digits, and the last one checks the others. Please check it."
    assert answer.context["adminform"].form.errors == {"nipc": [said]}  # type: ignore[attr-defined]  # the test client adds it
    assert ShopSettings.load().nipc == "509442013"


def test_a_published_legal_text_stands_and_a_future_one_can_be_changed(owner_client: Client) -> None:
    """P1: versions are kept with the orders that accepted them."""
    texts = {"body_pt": "a", "body_en": "b"}
    published = LegalDocument.objects.create(kind="terms", version="7", **texts)
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    planned = LegalDocument.objects.create(kind="terms", version="8", published_at=tomorrow, **texts)
    form = {
        "kind": "terms",
        "body_pt": "x",
        "body_en": "y",
        "published_at_0": f"{tomorrow:%Y-%m-%d}",
        "published_at_1": "10:00",
    }
    assert (
        owner_client.post(f"/admin/orders/legaldocument/{published.pk}/change/", form | {"version": "7"}).status_code
        == 403
    )
    assert owner_client.post(f"/admin/orders/legaldocument/{published.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        owner_client.post(f"/admin/orders/legaldocument/{planned.pk}/change/", form | {"version": "8"}).status_code
        == 302
    )
    published.refresh_from_db()
    planned.refresh_from_db()
    assert (published.body_pt, planned.body_pt) == ("a", "x")


def test_a_planned_legal_text_can_be_previewed_in_the_admin_alone(
    owner_client: Client, staff_client: Client, client: Client
) -> None:
    """P1."""
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    planned = LegalDocument.objects.create(
        kind="terms", version="8", published_at=tomorrow, body_pt="## Novo", body_en="## New"
    )
    url = f"/admin/orders/legaldocument/{planned.pk}/preview/"
    assert url in owner_client.get(f"/admin/orders/legaldocument/{planned.pk}/change/").content.decode()
    page = owner_client.get(url).content.decode()
    assert "<h2>New</h2>" in page
    assert "Customers do not see it yet." in page
    assert staff_client.get(url).status_code == 403
    assert client.get(url).status_code == 302
    LegalDocument.objects.filter(pk=planned.pk).update(published_at=timezone.now())
    assert "Customers do not see it yet." not in owner_client.get(url).content.decode()


def test_a_dead_webhook_shows_its_traceback_and_is_replayed(owner_client: Client) -> None:
    """C22."""
    event = WebhookEvent.objects.create(
        event_id="evt_1", type="checkout.session.completed", payload_hash="x", state="dead", attempts=9,
        last_error="Traceback: boom", happened_at=timezone.now(),
    )  # fmt: skip
    assert "Traceback: boom" in owner_client.get(f"/admin/payments/webhookevent/{event.pk}/change/").content.decode()
    owner_client.post("/admin/payments/webhookevent/", {"action": "replay", "_selected_action": [event.pk]})
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("received", 0)


def test_failed_tasks_go_back_to_work_from_their_list_and_done_ones_stay_done(staff_client: Client) -> None:
    failed = OutboxMessage.objects.create(task="t", queue="mail", key="a", state="failed", attempts=8)
    done = OutboxMessage.objects.create(task="t", queue="mail", key="b", state="done", attempts=1)
    staff_client.post("/admin/outbox/outboxmessage/", {"action": "retry", "_selected_action": [failed.pk, done.pk]})
    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.state, done.state) == ("pending", "done")
