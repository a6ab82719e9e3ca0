"""Signing in to the back office: by email, locked out after failures, passwords set anew by email."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django_redis import get_redis_connection

from accounts import services, tasks
from accounts.models import User
from outbox.models import OutboxMessage

PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def owner(db: None) -> User:
    return services.ensure_owner("owner@example.test", PASSWORD)[0]


def sign_in(client: Client, email: str, password: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": password})


def ask(client: Client, email: str, address: str = "127.0.0.1") -> None:
    """Asks for the link; whoever does gets the same answer."""
    answer = client.post(
        "/admin/password_reset/", {"email": email}, REMOTE_ADDR=address, headers={"accept-language": "en"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/admin/password_reset/done/")


def work() -> None:
    """What the mail worker does."""
    for row in OutboxMessage.objects.filter(task="accounts.email_reset", state="pending"):
        tasks.email_reset(row.pk)


def redis_keys() -> list[bytes]:
    return list(get_redis_connection("default").scan_iter("limit:*"))


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
    ask(client, "owner@example.test")
    work()
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
    ask(client, "nobody@example.test")
    assert (mail.outbox, OutboxMessage.objects.count()) == ([], 0)


def test_the_link_is_asked_for_without_waiting_for_the_mail_server(owner: User, client: Client, settings: Any) -> None:
    """Its going wrong is no reason to lose the mail either."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT = 9
    ask(client, "owner@example.test")
    row = OutboxMessage.objects.get()
    assert (row.task, row.queue, row.attempts) == ("accounts.email_reset", "mail", 0)
    assert row.payload == {"account_id": owner.pk, "language": "en"}
    work()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 1)
    assert "ConnectionRefusedError" in row.last_error


def test_an_account_closed_meanwhile_gets_no_link(owner: User, client: Client) -> None:
    ask(client, "owner@example.test")
    User.objects.update(is_active=False)
    work()
    assert (mail.outbox, OutboxMessage.objects.get().state) == ([], "done")


def test_a_mailbox_cannot_be_filled_with_links(owner: User, client: Client) -> None:
    """Three an hour to one account, however its address is written and wherever the wish comes from. The answer stays the same."""
    for number in range(5):
        ask(client, "Owner@example.test" if number % 2 else "owner@example.test", f"203.0.113.{number}")
    work()
    assert [message.to for message in mail.outbox] == [["owner@example.test"]] * 3
    (key,) = [key for key in redis_keys() if b":account:" in key]
    assert 3590 <= get_redis_connection("default").ttl(key) <= 3600
    get_redis_connection("default").delete(key)  # as the hour does
    ask(client, "owner@example.test", "203.0.113.9")
    assert OutboxMessage.objects.count() == 4


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::{}"])
def test_one_visitor_cannot_have_links_sent_to_everybody(client: Client, db: None, address: str) -> None:
    """Twenty an hour from one internet address, of IPv6 from one household's."""
    for number in range(22):
        User.objects.create_user(f"user{number}@example.test", PASSWORD)
        ask(client, f"user{number}@example.test", address.format(number + 1))
    assert OutboxMessage.objects.count() == 20
    assert not [key for key in redis_keys() if b"203.0.113" in key or b"2001" in key]
    ask(client, "user21@example.test", "198.51.100.1")
    assert OutboxMessage.objects.count() == 21


def test_the_reset_link_does_not_follow_a_forged_host(owner: User, client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/admin/password_reset/", {"email": "owner@example.test"}, headers={"host": "evil.example"})
    work()
    assert "evil.example" not in str(mail.outbox[0].body)


def test_the_admins_policy_is_loosened_for_the_admin_alone(client: Client, db: None) -> None:
    """S1."""
    admin = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in admin + ";"
    assert "style-src 'self' 'unsafe-inline'" in admin
    assert "unsafe" not in client.get("/health/live")["Content-Security-Policy"]
