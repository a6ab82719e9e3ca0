"""Request ids and the visitor's true address."""

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from photoorders.requests import client_address


def test_every_answer_carries_a_request_id(client: Client) -> None:
    assert len(client.get("/health/live")["X-Request-ID"]) == 32


def test_a_sane_request_id_is_kept_and_a_wild_one_replaced(client: Client) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": "abc-123-def"})["X-Request-ID"] == "abc-123-def"
    assert client.get("/health/live", headers={"X-Request-ID": "a b\tc<script>"})["X-Request-ID"] != "a b\tc<script>"


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
