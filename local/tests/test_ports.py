"""Ports are free when they are given out, never given twice, and a busy one's holder is named."""

import os
import socket

import pytest
import requests

from local import builtin, ports


def listening() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_a_busy_port_is_not_free_and_its_listener_is_named() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.answers(port)
        assert ports.listener(port).endswith(f"(process {os.getpid()})")
    assert ports.is_free(port)
    assert not ports.answers(port)


def test_the_same_port_is_never_given_twice() -> None:
    given = [ports.any_free() for _ in range(50)]
    assert len(set(given)) == 50
    first = ports.near(given[-1] + 1)
    assert ports.near(first) != first


def test_the_shop_moves_off_a_busy_port_and_says_who_holds_it() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        chosen, lines = builtin.choose_ports({"web": port})
    assert chosen["web"] > port
    assert len(lines) == 1
    assert lines[0].startswith(f"Port {port} is busy (")
    assert lines[0].endswith(f"the shop takes {chosen['web']}.")
    assert f"process {os.getpid()}" in lines[0]


@pytest.mark.parametrize(
    ("given", "direct"),
    [("", "127.0.0.1,localhost"), ("intranet, localhost", "intranet,localhost,127.0.0.1"), ("*", "*")],
)
def test_a_proxy_of_the_machine_is_not_asked_for_its_own_servers(
    given: str, direct: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip may need the proxy; S3 and the stand-ins behind it would never be found."""
    for name in ("NO_PROXY", "no_proxy", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", given)
    found = ports.past_proxies()
    assert found == {"no_proxy": direct, "NO_PROXY": direct}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    assert requests.utils.get_environ_proxies("http://127.0.0.1:8012/bucket") == {}
