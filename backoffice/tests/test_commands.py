"""setup_shop and createsuperuser: a real shop's first run."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from orders.models import LegalDocument, Product, ShopSettings

PASSWORD = "eight dry olive trees"


def setup_shop(**options: Any) -> str:
    out = StringIO()
    call_command("setup_shop", no_input=True, owner_email="dona@example.test", stdout=out, **options)
    return out.getvalue()


def test_a_new_shop_gets_owner_studio_prices_and_a_checked_bucket(
    db: None, s3_bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", PASSWORD)
    said = setup_shop(
        studio_name="Foto Nova", nipc="509442013", arbitration_body="CNIACC", arbitration_url="https://www.cniacc.pt/"
    )
    assert (ShopSettings.load().arbitration_body, ShopSettings.load().arbitration_url) == (
        "CNIACC",
        "https://www.cniacc.pt/",
    )
    owner = User.objects.get(email="dona@example.test")
    assert owner.check_password(PASSWORD)
    assert (owner.is_staff, owner.is_superuser) == (True, False)
    assert owner.has_perm("orders.view_money")
    assert (ShopSettings.load().studio_name, ShopSettings.load().nipc) == ("Foto Nova", "509442013")
    assert Product.objects.exists()
    assert LegalDocument.objects.exists()
    assert "can be written, read and cleared" in said
    assert s3_bucket.keys() == []


def test_a_second_run_keeps_password_studio_and_prices(
    db: None, s3_bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", PASSWORD)
    setup_shop(studio_name="Foto Nova")
    Product.objects.filter(code="10x15").update(active=False)
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", "something else entirely")
    setup_shop()
    assert User.objects.get(email="dona@example.test").check_password(PASSWORD)
    assert ShopSettings.load().studio_name == "Foto Nova"
    assert not Product.objects.get(code="10x15").active


@pytest.mark.parametrize("password", ["", "photo", "password12"])
def test_without_a_good_password_nothing_is_made(db: None, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", password)
    with pytest.raises(CommandError):
        setup_shop()
    assert not User.objects.exists()
    assert not ShopSettings.objects.exists()


@pytest.mark.parametrize("nipc", ["509442014", "50944201", "PT", "abcdefghi"])
def test_a_number_whose_check_digit_does_not_fit_is_refused(
    db: None, monkeypatch: pytest.MonkeyPatch, nipc: str
) -> None:
    """P2."""
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match=r"^nipc: .*NIPC"):
        setup_shop(studio_name="Foto Nova", nipc=nipc)
    assert (ShopSettings.load().studio_name, ShopSettings.load().nipc) == ("Photoorders", "")


def test_a_bucket_that_is_away_is_named(db: None, s3_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_OWNER_PASSWORD", PASSWORD)
    s3_bucket.server.stop()
    try:
        with pytest.raises(CommandError, match=r"The bucket .* does not work"):
            setup_shop()
    finally:
        s3_bucket.server.start()


def test_createsuperuser_takes_djangos_own_variables(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@Example.test")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, stdout=StringIO())
    root = User.objects.get(email="root@example.test")
    assert (root.is_superuser, root.is_staff, root.check_password(PASSWORD)) == (True, True, True)


def test_seed_demo_refuses_a_real_shop(db: None, settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("seed_demo", stdout=StringIO())
    assert not User.objects.exists()
