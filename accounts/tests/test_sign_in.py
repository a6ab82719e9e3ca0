"""Signing in to the back office: by email, locked out after failures, passwords set anew by email."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import services
from accounts.models import User

PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def owner(db: None) -> User:
    return services.ensure_owner("owner@example.test", PASSWORD)[0]


def sign_in(client: Client, email: str, password: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": password})


def test_the_owner_signs_in_by_email_however_it_is_written(owner: User, client: Client) -> None:
    assert sign_in(client, "Owner@Example.test", PASSWORD).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_after_ten_failures_even_the_right_password_is_refused(owner: User, client: Client) -> None:
    """S2."""
    for attempt in range(10):
        sign_in(client, "owner@example.test" if attempt % 2 else " OWNER@example.test", "wrong")
    response = sign_in(client, "owner@example.test", PASSWORD)
    assert response.status_code == 429
    assert client.get("/admin/").status_code == 302


def test_another_persons_failures_lock_nobody_else_out(owner: User, client: Client) -> None:
    for _unused in range(10):
        sign_in(client, "somebody@example.test", "wrong")
    assert sign_in(client, "owner@example.test", PASSWORD).status_code == 302


def test_a_trade_customer_gets_no_further_than_the_sign_in_page(client: Client, db: None) -> None:
    services.ensure_trade_customer("trade@example.test", PASSWORD)
    sign_in(client, "trade@example.test", PASSWORD)
    assert client.get("/admin/").status_code == 302


def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(owner: User, client: Client, settings: Any) -> None:
    assert "/admin/password_reset/" in client.get("/admin/login/").content.decode()
    assert client.post("/admin/password_reset/", {"email": "owner@example.test"}).status_code == 302
    assert [message.to for message in mail.outbox] == [["owner@example.test"]]
    link = re.search(re.escape(settings.SITE_URL) + r"(/admin/reset/\S+)", str(mail.outbox[0].body))
    assert link is not None
    form = client.get(link[1], follow=True)
    new = "seven-green-bicycles"
    done = client.post(form.redirect_chain[-1][0], {"new_password1": new, "new_password2": new}, follow=True)
    assert done.status_code == 200
    owner.refresh_from_db()
    assert owner.check_password(new)
    assert 'name="new_password1"' not in client.get(link[1], follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client: Client, db: None) -> None:
    response = client.post("/admin/password_reset/", {"email": "nobody@example.test"})
    assert response.status_code == 302
    assert mail.outbox == []


def test_the_reset_link_does_not_follow_a_forged_host(owner: User, client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/admin/password_reset/", {"email": "owner@example.test"}, headers={"host": "evil.example"})
    assert "evil.example" not in str(mail.outbox[0].body)


def test_the_admins_policy_is_loosened_for_the_admin_alone(client: Client, db: None) -> None:
    """S1."""
    admin = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in admin + ";"
    assert "style-src 'self' 'unsafe-inline'" in admin
    assert "unsafe" not in client.get("/health/live")["Content-Security-Policy"]
