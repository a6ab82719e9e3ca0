"""`manage.py doctor` sends its test mail, and tells one trouble from another."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from local import builtin, programs, redis_server
from local.fixtures import Bucket, Mailbox
from local.ports import any_free
from orders.models import ShopSettings
from photoorders import doctor


@pytest.mark.parametrize(
    ("arguments", "recipient"), [([], "owner@example.test"), (["other@example.test"], "other@example.test")]
)
@pytest.mark.django_db
def test_the_test_mail_goes_to_the_owner_unless_told_otherwise(
    settings: LazySettings, mailbox: Mailbox, arguments: list[str], recipient: str
) -> None:
    """`doctor --send-test-email` needs no address: the owner's is known."""
    settings.OWNER_EMAIL = "owner@example.test"
    with contextlib.suppress(CommandError):  # what else is wrong on this machine is not asked here
        call_command("doctor", "--send-test-email", *arguments)
    assert [letter["To"] for letter in mailbox.messages()] == [recipient]


def test_a_test_mail_to_no_address_is_refused_before_anything_is_asked(
    mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="'nonsense' is no email address"):
        call_command("doctor", "--send-test-email", "nonsense")
    assert mailbox.messages() == []
    assert capsys.readouterr().out == ""


def found(name: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.name == name)


def test_a_bucket_that_is_not_there_is_told_from_keys_that_are_refused(
    s3_bucket: Bucket, settings: LazySettings, db: None
) -> None:
    assert found("storage") == doctor.Finding("storage", True, f"bucket {s3_bucket.name}")
    settings.AWS_STORAGE_BUCKET_NAME = "elsewhere"
    finding = found("storage")
    assert (finding.ok, finding.what) == (False, "there is no bucket elsewhere")
    assert "AWS_STORAGE_BUCKET_NAME" in finding.mend
    settings.AWS_STORAGE_BUCKET_NAME = s3_bucket.name
    settings.AWS_SECRET_ACCESS_KEY = "wrong"
    finding = found("storage")
    assert (finding.ok, finding.what) == (False, f"the keys are refused for bucket {s3_bucket.name}")
    assert "AWS_SECRET_ACCESS_KEY" in finding.mend


def test_a_stripe_that_is_away_is_not_called_a_wrong_key(settings: LazySettings, db: None) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    finding = found("stripe")
    assert (finding.ok, finding.what) == (False, "Stripe does not answer (unavailable APIConnectionError)")
    assert "STRIPE_SECRET_KEY" not in finding.mend


def test_a_key_that_google_cannot_know_is_said(settings: LazySettings, db: None) -> None:
    settings.GOOGLE_MAPS_API_KEY = "nonsense"
    finding = found("google")
    assert (finding.ok, finding.what) == (False, "Google refuses the key")
    assert "GOOGLE_MAPS_API_KEY" in finding.mend


@pytest.mark.parametrize(
    ("maxmemory", "ok", "said"),
    [
        (0, True, "noeviction, budget 8 MB"),  # no limit
        (8_000_000, False, "maxmemory is 7 MB, the budget 8 MB"),  # eight megabytes to a human, not to the budget
        (8 * 1024 * 1024, None, "maxmemory is 8 MB, the budget 8 MB"),  # enough for photos, not for what is beside them
        (10 * 1024 * 1024, True, "noeviction, budget 8 MB"),
    ],
)
def test_the_photos_redis_needs_the_budget_and_headroom(
    settings: LazySettings, own_redis: redis.Redis, maxmemory: int, ok: bool | None, said: str
) -> None:
    """A megabyte is 1,048,576 bytes here as in uploads.photo_writer, which enforces the budget."""
    settings.UPLOADS_MEMORY_BUDGET_MB = 8
    own_redis.config_set("maxmemory", maxmemory)
    finding = doctor._eviction()
    assert (finding.ok, finding.what) == (ok, said)
    assert ("10mb" in finding.mend) is (ok is not True)


def test_an_evicting_redis_is_wrong(settings: LazySettings, own_redis: redis.Redis) -> None:
    own_redis.config_set("maxmemory-policy", "allkeys-lru")
    finding = doctor._eviction()
    assert (finding.ok, finding.what) == (False, "maxmemory-policy is allkeys-lru")


@pytest.fixture
def own_redis(settings: LazySettings, tmp_path: Path) -> Iterator[redis.Redis]:
    """A Redis of this test's own, since its settings are changed."""
    server = redis_server.Server(
        next(iter(programs.redis_servers())), tmp_path, any_free(), "secret", builtin.EVICT_NOTHING
    )
    server.prepare()
    orders = server.orders()
    process = subprocess.Popen(orders.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.wait(20)
        settings.PHOTOS_REDIS_URL = server.url
        with redis.Redis.from_url(server.url) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)


def test_what_the_law_wants_shown_of_the_seller_is_missed(db: None) -> None:
    """P2: the arbitration body in the footer as much as the tax number."""
    shown = {
        "studio_name": "Foto Nova",
        "legal_name": "Foto Nova, Lda.",
        "address": "Rua Nova 1",
        "nipc": "509442013",
        "email": "loja@estudio.pt",
        "phone": "+351210000000",
        "arbitration_url": "https://www.cniacc.pt/",
    }
    ShopSettings.objects.update_or_create(pk=1, defaults=shown)
    finding = found("seller")
    assert (finding.ok, finding.what) == (None, "not shown to customers: arbitration_body")
    ShopSettings.objects.update(arbitration_body="CNIACC")
    assert found("seller").ok is True
