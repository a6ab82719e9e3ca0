"""seed_demo: a shop to look at, made once."""

from io import StringIO
from typing import Any

import redis
from django.core.management import call_command

from accounts import services
from accounts.models import User
from orders.models import Order, OrderPhoto
from outbox.models import OutboxMessage
from payments.models import PaymentAttempt


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def test_the_demo_is_whole_leaves_nothing_in_redis_and_is_made_once(
    transactional_db: None, s3_bucket: Any, settings: Any, monkeypatch: Any
) -> None:
    """Orders in every state, their photos in S3, accounts with DEMO_PASSWORD; a second run adds nothing."""
    settings.DEMO = True
    monkeypatch.setenv("DEMO_PASSWORD", "another one")
    monkeypatch.setenv("DEMO_API_KEY", "demo_key")
    seed()
    assert set(Order.objects.values_list("state", flat=True)) == set(Order.State.values)
    stored = OrderPhoto.objects.exclude(storage_key="")
    keys = set(s3_bucket.keys())
    assert stored.count() >= 12
    assert {photo.storage_key for photo in stored} | {photo.thumbnail_key for photo in stored} <= keys
    assert not OutboxMessage.objects.filter(state="pending").exists()
    assert list(Order.objects.filter(state="cancelled").values_list("payment_state", flat=True)) == ["refunded"]
    for email in ("owner@example.test", "staff@example.test", "trade@example.test"):
        assert User.objects.get(email=email).check_password("another one")
    assert str(services.user_of_api_key("demo_key")) == "trade@example.test"
    left = {key.decode().split(":")[0] for key in redis.Redis.from_url(settings.REDIS_URL).scan_iter("*")}
    assert not left & {"draft", "snapshot", "photo"}
    before = (Order.objects.count(), PaymentAttempt.objects.count(), User.objects.count(), keys)
    seed()
    assert before == (
        Order.objects.count(),
        PaymentAttempt.objects.count(),
        User.objects.count(),
        set(s3_bucket.keys()),
    )
