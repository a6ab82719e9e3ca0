"""The compose deployment as it is written down: what runs, as whom, and what keeps it running."""

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import shop
from photoorders import workers

ROOT = Path(__file__).resolve().parent.parent
SHOP = "photoorders:latest"
ONCE = {"migrate", "bucket", "seed", "backup"}  # they end by themselves
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DEMO = dict(
    line.split("=", 1)
    for line in (ROOT / "docker" / "demo.env").read_text().splitlines()
    if line and not line.startswith("#")
)


def command(name: str) -> str:
    given = SERVICES[name].get("command", "")
    return given if isinstance(given, str) else " ".join(given)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_started_again_unless_it_runs_once(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name in ONCE else "unless-stopped")


def test_a_restore_finds_the_new_database_empty() -> None:
    """`docker compose run backup … restore` starts what it depends on: migrations would fill the database before it."""
    assert set(SERVICES["backup"]["depends_on"]) == {"postgres"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root_or_writes_to_its_image(name: str) -> None:
    """S6."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}
    assert not {"privileged", "network_mode", "pid", "ipc"} & set(service)
    if service["image"] == SHOP:
        assert "user" not in service  # the image's own; see the next test
    else:
        assert str(service["user"]).split(":")[0] not in ("", "0", "root")
    if name != "caddy":
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_runs_as_a_user_of_its_own() -> None:
    """S6: the last stage names a user, and gives it nothing but the folders of its volumes."""
    last = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert re.findall(r"^USER (\S+)$", last, re.M) == ["shop"]
    assert re.findall(r"chown shop:shop (.+)$", last, re.M) == ["/metrics /data"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert not check.get("disable")


def test_each_queue_has_a_worker_of_its_own() -> None:
    workers = {name: command(name) for name in SERVICES if name.startswith("worker-")}
    queues = {name: re.findall(r" -Q (\S+)", line) for name, line in workers.items()}
    assert queues == {f"worker-{queue}": [queue] for queue in shop.ALL_QUEUES.split(",")}
    assert all(f" -n {name.removeprefix('worker-')}@%h" in line for name, line in workers.items())


def test_a_workers_health_check_reads_what_workers_report() -> None:
    assert runpy.run_path(str(ROOT / "docker" / "worker_health.py"))["KEY"] == workers.KEY


def test_stand_ins_belong_to_the_demo_alone() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {
        "bucket": ["demo"],
        "s3": ["demo"],
        "sandbox": ["demo"],
        "seed": ["demo"],
        "backup": ["tools"],
        "flower": ["flower"],
    }
    assert command("sandbox").startswith('sh -c test "$$DEMO" = 1 ||')
    assert (DEMO["DEMO"], DEMO["COMPOSE_PROFILES"]) == ("1", "demo")


def test_only_caddy_is_reached_from_outside() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert sorted(published) == ["caddy", "flower", "s3", "sandbox"]
    assert all(port.startswith("127.0.0.1:") for name in ("flower", "s3", "sandbox") for port in published[name])


def test_the_shop_believes_caddy_and_caddy_believes_nobody() -> None:
    """The client's address: Caddy writes X-Forwarded-For anew, the shop takes it from Docker's networks only."""
    default = re.fullmatch(r"\$\{TRUSTED_PROXIES:-(.+)\}", SERVICES["web"]["environment"]["TRUSTED_PROXIES"])
    assert default
    assert default[1] == "172.16.0.0/12,192.168.0.0/16"
    assert "trusted_proxies" not in (ROOT / "docker" / "Caddyfile").read_text()


def test_everything_that_counts_shares_the_metrics_folder() -> None:
    counting = [
        name for name, service in SERVICES.items() if service["image"] == SHOP and name not in ("bucket", "sandbox")
    ]
    assert [name for name in counting if "metrics:/metrics" not in SERVICES[name]["volumes"]] == []


@pytest.mark.parametrize("name", ["redis", "redis-photos"])
def test_redis_keeps_what_it_was_given(name: str) -> None:
    assert "--appendonly yes" in command(name)
    assert "--maxmemory-policy noeviction" in command(name)


def test_the_small_redis_takes_no_more_memory_than_it_was_given() -> None:
    """It is the broker too: what fills it is refused there, and never costs the machine's memory."""
    assert "--maxmemory ${REDIS_MEMORY:-512mb}" in command("redis")


def test_the_photos_have_a_redis_of_their_own_with_a_bound() -> None:
    urls = SERVICES["web"]["environment"]
    assert (urls["REDIS_URL"], urls["PHOTOS_REDIS_URL"]) == ("redis://redis:6379/0", "redis://redis-photos:6379/0")
    assert "--maxmemory ${PHOTOS_REDIS_MEMORY:-3gb}" in command("redis-photos")


def test_secrets_and_what_only_developers_need_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".*", "**/tests", "backups", "requirements-dev.txt", "docker/demo.env"} <= set(ignored)


def test_the_demo_sets_what_compose_requires() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert required == {"POSTGRES_PASSWORD"}
    assert required <= set(DEMO)


def test_compose_accepts_the_file_and_the_demos_variables(tmp_path: Path) -> None:
    """The compose program itself judges the file, with every profile: exactly these services, with the demo's password."""
    services = configured(tmp_path, (ROOT / "docker" / "demo.env").read_text())
    assert set(services) == set(SERVICES)
    url = "postgres://photoorders:demo-database@postgres:5432/photoorders"
    shops = {name for name, service in SERVICES.items() if service["image"] == SHOP}
    assert {name for name in services if services[name].get("environment", {}).get("DATABASE_URL") == url} == shops


def test_compose_refuses_to_start_without_the_databases_password(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        configured(tmp_path, "DEMO=1\n")
    assert "set POSTGRES_PASSWORD in .env" in refused.value.stderr


def configured(folder: Path, env_file: str) -> dict[str, dict[str, Any]]:
    """The services as a compose program reads them. Skipped where there is none; .ci/run installs one, and fails on skips."""
    program = compose_program()
    if not program:
        pytest.skip("no compose program here: apt install docker-compose")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".env").write_text(env_file)
    profiles = [word for name in ("demo", "tools", "flower") for word in ("--profile", name)]
    result = subprocess.run(
        [*program, *profiles, "config"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=bare(),
    )
    services: dict[str, dict[str, Any]] = yaml.safe_load(result.stdout)["services"]
    return services


def bare() -> dict[str, str]:
    """No variable of this machine's but those that find programs: compose would prefer it to the file's."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def compose_program() -> list[str]:
    for program in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(program[0])
            and subprocess.run(
                [*program, "version"], capture_output=True, timeout=30, check=False, env=bare()
            ).returncode
            == 0
        ):
            return program
    return []
