"""Request ids and the visitor's true address."""

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from photoorders.requests import client_address


def test_every_answer_carries_a_request_id(client: Client) -> None:
    assert len(client.get("/health/live")["X-Request-ID"]) == 32


def test_a_trusted_proxys_sane_request_id_is_kept_and_a_wild_one_replaced(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    assert client.get("/health/live", headers={"X-Request-ID": "abc-123-def"})["X-Request-ID"] == "abc-123-def"
    assert client.get("/health/live", headers={"X-Request-ID": "a b\tc<script>"})["X-Request-ID"] != "a b\tc<script>"


def test_nobody_elses_request_id_is_taken(client: Client, settings: Settings) -> None:
    """A stranger shall not write another request's id into the log."""
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    for proxies in ([], ["10.0.0.0/8"]):
        settings.TRUSTED_PROXIES = proxies
        answer = client.get("/health/live", headers={"X-Request-ID": "abc-123-def"}, REMOTE_ADDR="203.0.113.9")
        assert answer["X-Request-ID"] != "abc-123-def"
        assert len(answer["X-Request-ID"]) == 32


@pytest.mark.django_db
@pytest.mark.parametrize(("peer", "status"), [("10.0.0.2", 404), ("203.0.113.9", 301)])
def test_only_a_trusted_proxy_may_say_that_a_request_came_by_https(
    client: Client, settings: Settings, peer: str, status: int
) -> None:
    """S6: from others it is what it is, http, and sent to https."""
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/nowhere/", REMOTE_ADDR=peer, headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "seen"),
    [
        ([], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ],
)
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(
    proxies: list[str], peer: str, forwarded: str, seen: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == seen
