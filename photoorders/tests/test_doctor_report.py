"""`manage.py doctor` as a whole: its report, line by line, and its end, with everything well and with one part away."""

from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from local.fixtures import Bucket, Mailbox, Sandbox
from local.ports import any_free
from orders.models import ShopSettings
from photoorders import workers

SELLER = {
    "studio_name": "Foto Nova",
    "legal_name": "Foto Nova, Lda.",
    "address": "Rua Nova 1",
    "nipc": "509442013",
    "email": "loja@estudio.pt",
    "phone": "+351210000000",
    "arbitration_body": "CNIACC",
    "arbitration_url": "https://www.cniacc.pt/",
}
NAMES = [
    "database",
    "redis",
    "photos redis",
    "photo memory",
    "broker",
    "workers",
    "storage",
    "mail",
    "stripe",
    "google",
]
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def well(db: None, s3_bucket: Bucket, mailbox: Mailbox, sandbox: Sandbox) -> None:
    """A demo with nothing wrong; of the workers there is only the report that one would make."""
    ShopSettings.objects.update_or_create(pk=1, defaults=SELLER)
    workers.report(SimpleNamespace(hostname="quick@here"))


def report(out: StringIO) -> dict[str, str]:
    """The line of each finding, by its name, with what to do about it below."""
    found: dict[str, str] = {}
    for line in out.getvalue().splitlines():
        name = list(found)[-1] if line.startswith(" ") else line[7:].partition(":")[0]
        found[name] = f"{found[name]}\n{line.strip()}" if name in found else line
    return found


def test_with_all_well_the_doctor_says_so_of_each_part_and_ends_well(well: None, s3_bucket: Bucket) -> None:
    out = StringIO()
    call_command("doctor", stdout=out, no_color=True)
    found = report(out)
    assert list(found) == ["mode", *NAMES, "seller"]
    assert found.pop("mode").startswith("note   mode: demo at http://127.0.0.1:")
    assert [name for name, line in found.items() if not line.startswith(f"ok     {name}: ")] == []
    assert found["workers"] == "ok     workers: quick@here"
    assert found["storage"] == f"ok     storage: bucket {s3_bucket.name}"
    assert found["database"].endswith("migrations applied")


def forget_a_migration(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    MigrationRecorder(connection).record_unapplied("outbox", "0002_user_id")


def no_redis(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = NOWHERE


def no_photos_redis(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    settings.PHOTOS_REDIS_URL = NOWHERE


def no_broker(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("CELERY_BROKER_WRITE_URL", NOWHERE)  # where Celery looks first


def no_workers(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    workers.leave("quick@here")


def no_mail(settings: LazySettings, patch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_PORT = any_free()


@pytest.mark.parametrize(
    ("away", "wrong", "what", "mend"),
    [
        (forget_a_migration, ["database"], "1 migrations are not applied", "Run `python manage.py migrate`."),
        (no_redis, ["redis", "workers"], "ConnectionError: ", "Start Redis, or set REDIS_URL=redis://host:6379/0."),
        (
            no_photos_redis,
            ["photos redis", "photo memory"],
            "ConnectionError: ",
            "Set PHOTOS_REDIS_URL to a Redis for photo bytes.",
        ),
        (no_broker, ["broker"], "OperationalError: ", "Set CELERY_BROKER_URL (default: REDIS_URL)."),
        (no_workers, ["workers"], "no worker has reported within the last seconds", "Start one: celery -A photoorders"),
        (no_mail, ["mail"], "ConnectionRefusedError: ", "Set EMAIL_URL=smtp+tls://user:password@host:587"),
    ],
)
def test_a_part_that_is_away_is_named_with_its_mending_and_fails_the_command(
    well: None,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    away: Callable[[LazySettings, pytest.MonkeyPatch], None],
    wrong: list[str],
    what: str,
    mend: str,
) -> None:
    away(settings, monkeypatch)
    out = StringIO()
    with pytest.raises(CommandError) as end:
        call_command("doctor", stdout=out, no_color=True)
    assert str(end.value) == f"{len(wrong)} to mend: {', '.join(wrong)}"
    assert end.value.returncode == 1
    found = report(out)
    line, _, advice = found[wrong[0]].partition("\n")
    assert line.startswith(f"wrong  {wrong[0]}: {what}")
    assert advice.startswith(f"→ {mend}")
    assert [name for name in NAMES if not found[name].startswith("ok ")] == wrong
