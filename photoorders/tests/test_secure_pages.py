"""What every page tells browsers to guard (S1, S6): cookies, HTTPS, framing. With the settings as SITE_URL makes them."""

import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from orders import links
from orders.catalogue import install_default_catalogue
from orders.tests.factories import OrderFactory

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
GUARDING = re.compile(
    r"(SECURE_|SESSION_COOKIE_|CSRF_COOKIE_|LANGUAGE_COOKIE_|X_FRAME|CONTENT_SECURITY|ALLOWED_HOSTS|SITE_URL)\w*"
)
PAGES = (
    "/",
    "/delivery/",
    "/review/",
    "/legal/terms/",
    "/legal/privacy/",
    "/legal/withdrawal/",
    "/docs/",
    "/api/v1/products/",
    "/api/v1/drafts/current/",
    "/admin/login/",
    "/admin/",
    "/admin/orders/order/",
    "/nowhere/",
    "an order",
    "an order in the admin",
)
YEAR = "max-age=31536000; includeSubDomains; preload"


@pytest.fixture
def under(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes over what settings.py makes of a SITE_URL, before the client loads its middleware."""

    def load(site: str) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("SITE_URL", site)
            for name in ("ALLOWED_HOSTS", "SECURE_SSL_REDIRECT"):
                patch.delenv(name, raising=False)
            read = runpy.run_path(str(ROOT / "photoorders" / "settings.py"))
        for name in (name for name in read if GUARDING.fullmatch(name)):
            setattr(settings, name, read[name])

    assert "photoorders.settings" in os.environ["DJANGO_SETTINGS_MODULE"]
    return load


def path_of(where: str, client: Client) -> str:
    order = OrderFactory(paid=True)
    if (where.startswith("/admin") and "login" not in where) or where == "an order in the admin":
        client.force_login(User.objects.create_superuser(email="owner@example.test", password="photoorders"))
    named = {"an order": links.order_path(order), "an order in the admin": f"/admin/orders/order/{order.pk}/change/"}
    return named.get(where, where)


@pytest.mark.parametrize("where", PAGES)
def test_over_https_every_page_keeps_browsers_on_https_and_out_of_frames(
    client: Client, under: Any, where: str
) -> None:
    install_default_catalogue()
    under("https://loja.estudio.pt")
    path = path_of(where, client)
    answer = client.get(path, secure=True, headers={"host": "loja.estudio.pt"})
    assert answer.status_code == (404 if where == "/nowhere/" else 302 if where == "/review/" else 200)
    assert answer["Strict-Transport-Security"] == YEAR
    guarded(answer)
    for name, cookie in client.cookies.items():
        assert cookie["secure"], name
    plain = client.get(path, headers={"host": "loja.estudio.pt"})
    assert (plain.status_code, plain["Location"]) == (301, f"https://loja.estudio.pt{path}")


@pytest.mark.parametrize("where", PAGES)
def test_over_http_pages_work_and_stay_out_of_frames(client: Client, under: Any, where: str) -> None:
    """On a machine of one's own: a secure cookie would never come back, and HTTPS be asked for where there is none."""
    install_default_catalogue()
    under("http://127.0.0.1:8000")
    answer = client.get(path_of(where, client), headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == (404 if where == "/nowhere/" else 302 if where == "/review/" else 200)
    assert "Strict-Transport-Security" not in answer
    guarded(answer)
    assert not [name for name, cookie in client.cookies.items() if cookie["secure"]]


def guarded(answer: Any) -> None:
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in ("same-origin", links.REFERRER_POLICY)
    for name, cookie in answer.cookies.items():
        assert cookie["samesite"] == "Lax", name


@pytest.mark.parametrize(("site", "secure"), [("https://loja.estudio.pt", True), ("http://127.0.0.1:8000", False)])
def test_each_cookie_of_the_shop_follows_the_sites_scheme(client: Client, under: Any, site: str, secure: bool) -> None:
    """Session, form token and language: all three, and no script reads the session's."""
    install_default_catalogue()
    under(site)
    host = {"host": site.partition("//")[2]}
    client.get("/", secure=secure, headers=host)
    client.get("/api/v1/drafts/current/", secure=secure, headers=host)
    client.post(
        reverse("set_language"), {"language": "en", "next": "/"}, secure=secure, headers=host | {"referer": f"{site}/"}
    )
    assert set(client.cookies) == {"sessionid", "csrftoken", "language"}
    assert {name: bool(cookie["secure"]) for name, cookie in client.cookies.items()} == dict.fromkeys(
        client.cookies, secure
    )
    assert client.cookies["sessionid"]["httponly"]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
def test_probes_inside_the_network_are_answered_without_https(client: Client, under: Any, path: str) -> None:
    under("https://loja.estudio.pt")
    assert client.get(path, headers={"host": "127.0.0.1"}).status_code not in (301, 302)
