"""robots.txt is there, quietly, and keeps search engines from the desk and from people's orders."""

import urllib.robotparser

import pytest
from django.test import Client
from django.urls import reverse

from payments.models import PaymentLink


def test_search_engines_may_read_the_shop_and_no_ones_orders(caplog: pytest.LogCaptureFixture) -> None:
    answer = Client().get("/robots.txt")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "Set-Cookie" not in answer
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(answer.content.decode().splitlines())
    order = reverse("order", args=["PO-ABCDEFGH23"])
    for path in (reverse("admin:index"), order, PaymentLink(token="x").address, "/api/v1/orders/"):
        assert not rules.can_fetch("Googlebot", path), path
    assert rules.can_fetch("Googlebot", "/")
    assert [record.message for record in caplog.records if "Not Found" in record.getMessage()] == []
