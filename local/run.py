"""`make run`: the whole shop on this machine, in the foreground, from databases to beat. Data lies under .run/."""

import fcntl
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

import redis
from django.core.exceptions import ImproperlyConfigured

from local import builtin, generated, manage, ports, postgres, prepare, programs, redis_server, shop
from local.builtin import Needs
from local.kept import ROOT
from local.supervisor import Supervisor
from photoorders import environment

RUN = ROOT / ".run"
SHARED = (
    *(
        "DEMO",
        "DEBUG",
        "SECRET_KEY",
        "PORT",
        "SITE_URL",
        "DATABASE_URL",
        "REDIS_URL",
        "PHOTOS_REDIS_URL",
        "EMAIL_URL",
    ),
    *("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"),
    *("GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_BASE_URL"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_S3_ENDPOINT_URL"),
)  # what manage.py needs in order to reach the running shop's parts
WORKERS = 2  # one for photos, one for the quick queues
DATABASES, SERVICES, SHOP = range(3)  # stages: stopped in the opposite order


def main() -> int:
    environment.read_dotenv(ROOT / ".env")
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
    os.environ.update(ports.past_proxies())
    RUN.mkdir(mode=0o711, exist_ok=True)
    close_to_others()
    with take_lock() as lock, Supervisor(RUN / "logs", hold=(lock.fileno(),)) as supervisor:
        try:
            return Run(supervisor, lock).serve()
        except ImproperlyConfigured as error:
            sys.exit(f"photoorders cannot start: {error}")
    supervisor.say("photoorders has stopped; its data stays in .run/", prefix="")
    return 0


def close_to_others() -> None:
    """The photos, addresses and mails under .run/ are for this account alone (PostgreSQL closes its folder itself)."""
    for name in ("redis", "redis-photos", "s3", "sandbox", "logs"):
        (RUN / name).mkdir(exist_ok=True)
        (RUN / name).chmod(0o700)


def take_lock() -> IO[str]:
    """The lock that one run holds from start to end; the system frees it however the run ends. SystemExit when taken."""
    lock = (RUN / "run.lock").open("a+")
    for _ in range(45):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            pid, _, url = lock.read().partition(" ")
            if pid and Path(f"/proc/{pid}").exists():
                sys.exit(
                    f"photoorders already runs from this folder, at {url or 'an address not chosen yet'} (process {pid}). Stop it first: kill {pid}"
                )
            print("The run before is still stopping …", flush=True)
            time.sleep(1)
            continue
        return lock
    sys.exit("A run before this one does not end; look at `ps`, and at .run/logs.")


class Run:
    def __init__(self, supervisor: Supervisor, lock: IO[str]) -> None:
        self.supervisor = supervisor
        self.lock = lock
        self.began = time.time()
        self.demo = environment.flag("DEMO")
        self.needs = Needs.of_environment() if self.demo else Needs(*[False] * 8)
        self.secrets = generated.read(RUN / "secrets.json")
        self.ports, self.notes = builtin.choose_ports(builtin.wanted_ports(self.needs))
        self.url = f"http://127.0.0.1:{self.ports['web']}/"

    def serve(self) -> int:
        """Starts everything in order and looks after it until asked to stop; 1 when something could not be started."""
        started = time.monotonic()
        self._write_lock()
        for note in self.notes:
            self.supervisor.say(note)
        os.environ.update(builtin.variables(self.needs, self.ports, self.secrets))
        self._empty_metrics()
        self._start_databases()
        self._start_services()
        names = [name for each in SHARED for name in (each, f"{each}_FILE")]
        manage.remember({name: os.environ[name] for name in names if name in os.environ})
        if not self._prepare():
            self.supervisor.say("The shop could not be prepared; the lines above say why.")
            return 1
        self._start_shop()
        self._wait_until_ready()
        self._greet(time.monotonic() - started)
        self.supervisor.start(SHOP, "beat", shop.beat(RUN / "beat"), {})
        self.supervisor.watch()
        return 0

    def _write_lock(self) -> None:
        self.lock.truncate(0)
        self.lock.write(f"{os.getpid()} {self.url}")
        self.lock.flush()

    def _empty_metrics(self) -> None:
        folder = RUN / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    def _start_databases(self) -> None:
        if self.needs.redis:
            os.environ["REDIS_URL"] = self._redis("redis", builtin.DURABLE)
        if self.needs.photos_redis:
            os.environ["PHOTOS_REDIS_URL"] = self._redis("photos", (*builtin.DURABLE, *builtin.EVICT_NOTHING))
        if self.needs.postgres:
            os.environ["DATABASE_URL"] = self._postgres()

    def _redis(self, name: str, settings: tuple[str, ...]) -> str:
        for program in programs.redis_servers():
            server = redis_server.Server(
                program,
                RUN / ("redis" if name == "redis" else f"redis-{name}"),
                self.ports[name],
                self.secrets["REDIS_PASSWORD"],
                settings,
            )
            server.prepare()
            kept = self.supervisor.start(DATABASES, name, server.orders(), {})
            try:
                server.wait(30)
                return server.url
            except TimeoutError as error:
                self.supervisor.drop(kept)
                self.supervisor.say(f"{program} did not start ({error}); trying the next Redis.")
        sys.exit("No Redis starts here. Install one (apt install redis-server), or set REDIS_URL.")

    def _postgres(self) -> str:
        for server in postgres.candidates(RUN / "postgres", self.ports["postgres"], self.secrets["POSTGRES_PASSWORD"]):
            try:
                server.prepare()
                kept = self.supervisor.start(DATABASES, "postgres", server.orders(), {})
                try:
                    server.wait(60)
                    return server.url
                except postgres.CannotStart:
                    self.supervisor.drop(kept)
                    raise
            except (postgres.CannotStart, OSError) as error:
                self.supervisor.say(
                    f"{server.programs}/postgres as {server.as_whom.name} did not start ({error}); trying the next."
                )
        sys.exit("No PostgreSQL starts here. Install one (apt install postgresql), or set DATABASE_URL.")

    def _start_services(self) -> None:
        if self.needs.s3:
            server = builtin.s3_server(RUN / "s3", self.ports, self.secrets)
            self.supervisor.start(SERVICES, "s3", server.orders(), server.environment())
        if self.needs.sandbox:
            secret = {"SANDBOX_WEBHOOK_SECRET": environment.text("STRIPE_WEBHOOK_SECRET")}
            self.supervisor.start(SERVICES, "sandbox", builtin.sandbox_orders(RUN / "sandbox", self.ports), secret)

    def _prepare(self) -> bool:
        """Tables, static files, demo data; left out where the data under .run/ has them for these very sources."""
        if self.needs.postgres and self.needs.s3 and prepare.done_before():
            return True
        command = [sys.executable, "-m", "local.prepare"]
        return self.supervisor.run_once("prepare", command, {}) == 0

    def _start_shop(self) -> None:
        self.supervisor.start(SHOP, "web", shop.web(), {})
        self.supervisor.start(SHOP, "worker", shop.worker("quick", shop.QUICK_QUEUES), {})
        self.supervisor.start(SHOP, "photos-w", shop.worker("photos", shop.PHOTO_QUEUES), {})

    def _wait_until_ready(self) -> None:
        told = time.monotonic()
        while not (self._workers() >= WORKERS and answers(self.url) and answers(f"{self.url}health/ready")):
            self.supervisor.check_parent()
            time.sleep(0.3)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                self.supervisor.say(f"still waiting for {self.url} and {self.url}health/ready to answer 200 …")

    def _workers(self) -> int:
        """How many Celery workers have reported (photoorders/workers.py) since this start."""
        url = environment.url("REDIS_URL", "redis://127.0.0.1:6379/0", ("redis", "rediss", "unix"))
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
                return int(client.zcount("workers:alive", self.began, "+inf"))
        except redis.RedisError:
            return 0  # one that was given may be on its way up; /health/ready says the same

    def _greet(self, seconds: float) -> None:
        self.supervisor.say("", prefix="")
        self.supervisor.say(f"photoorders is ready at {self.url}", prefix="")
        for line in self._greeting():
            self.supervisor.say(f"    {line}", prefix="")
        self.supervisor.say(
            f"    ({seconds:.0f} s; Ctrl-C stops everything; data under .run/, logs under .run/logs/)", prefix=""
        )

    def _greeting(self) -> list[str]:
        lines = [f"{'admin':<12}{self.url}admin/", f"{'API':<12}{self.url}docs/"]
        if self.needs.sandbox:
            sandbox = f"http://127.0.0.1:{self.ports['sandbox']}/"
            lines += [f"{'mails':<12}{sandbox}mail/"] if self.needs.mail else []
            lines += [f"{'stand-ins':<12}{sandbox} (Stripe and Google; no real money moves)"]
        if self.needs.s3:
            lines += [f"{'bucket':<12}{os.environ['AWS_S3_ENDPOINT_URL']}/ (files under .run/s3/)"]
        if self.demo:
            lines += [
                f"{'accounts':<12}owner@example.test, staff@example.test, trade@example.test",
                f"{'password':<12}{os.environ.get('DEMO_PASSWORD') or 'photoorders'}",
                f"{'API key':<12}{os.environ['DEMO_API_KEY']} (of trade@example.test)",
                f"{'card':<12}4242 4242 4242 4242, any date to come, any three digits",
            ]
        return lines


def answers(url: str) -> bool:
    """Whether the address answers with success or a redirect, asked past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(url, timeout=15) as answer:
            return bool(answer.status < 400)
    except urllib.error.HTTPError as error:
        return error.code < 400
    except OSError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


if __name__ == "__main__":
    sys.exit(main())
