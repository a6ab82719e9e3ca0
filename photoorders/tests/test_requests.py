"""Request ids and the visitor's true address."""

import http.client
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from local import fixtures
from local.ports import any_free
from photoorders.requests import client_address

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize(("proxies", "status"), [("", 301), ("127.0.0.1", 302)])
def test_gunicorn_believes_no_forwarded_scheme_by_itself(proxies: str, status: int) -> None:
    """S6: not even of this machine's own processes, unless TRUSTED_PROXIES names it. A real server is asked."""
    port = any_free()
    environment = os.environ | {
        "SITE_URL": "https://loja.estudio.pt",
        "ALLOWED_HOSTS": "",
        "TRUSTED_PROXIES": proxies,
        "WEB_CONCURRENCY": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "photoorders/gunicorn.py", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        [*command, "photoorders.wsgi"], cwd=ROOT, env=environment | {"DEMO": "1", "SECURE_SSL_REDIRECT": "1"}
    )
    asked = {"X-Forwarded-Proto": "https", "Host": "loja.estudio.pt"}
    try:
        answer = fixtures.wait_until(lambda: status_of(port, asked), seconds=60, what="the server's answer")
    finally:
        server.terminate()
        server.wait(30)
    assert answer == status


def status_of(port: int, headers: dict[str, str]) -> int:
    """0 while nobody listens."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("GET", "/i18n/setlang/", headers=headers)
        return link.getresponse().status
    except OSError:
        return 0
    finally:
        link.close()
