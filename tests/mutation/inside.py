"""A pytest plugin that tries mutants in forks of one test run: the shop is imported and the tests are collected once.

First every test runs unchanged, in a fork, while coverage notes which lines it meets; one that fails is left out and
named. Then each mutant gets a fork of its own, with a changed function in memory and the changed file on disk (for
processes that a test starts), and the tests that meet the line, those of the file's own modules first, until one
fails. At last the tests that failed run once more unchanged. Stripe's stand-in and S3 run beside it all the time.
"""

import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import coverage
import pytest

from local import fixtures
from tests.mutation.mutants import Mutant, mutants, put_in

NOT_HERE = {"worker", "live_shop", "page", "worker_process"}
OWN_SECONDS = 30.0  # so long, measured unchanged, tests of the file's own modules are asked about one mutant
OTHERS_SECONDS = 20.0  # the same for tests of other modules
_failed: list[str] = []
_seconds: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutation-plan", type=Path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not NOT_HERE & set(getattr(item, "fixturenames", ()))]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if report.failed and report.nodeid not in _failed:
        _failed.append(report.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if (path := session.config.getoption("--mutation-plan")) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        sandbox, bucket = fixtures.Sandbox(Path(folder)), fixtures.Bucket(Path(folder))
        with fixtures.stopped_afterwards(sandbox.program, bucket.server):
            sandbox.start()
            bucket.start()
            Trial(session, json.loads(path.read_text()), sandbox, bucket).run()
    return True


class Trial:
    """`plan`: the files with the mutants' titles to try and the tests of the file's own, the report to write to."""

    def __init__(
        self, session: pytest.Session, plan: dict[str, Any], sandbox: fixtures.Sandbox, bucket: fixtures.Bucket
    ) -> None:
        self.session, self.plan, self.sandbox, self.bucket = session, plan, sandbox, bucket
        self.root = Path.cwd()
        self.items = {item.nodeid: item for item in session.items}
        self.new_database = True

    def run(self) -> None:
        base = self.child(self._unchanged, 3600)
        if base is None:
            raise pytest.UsageError("the unchanged tests did not end")
        self.seconds, self.meets, failing = base["seconds"], base["meets"], base["failed"]
        say({"tests": len(self.items), "failing": failing, "seconds": round(sum(self.seconds.values()), 1)})
        for name in failing:
            del self.items[name]
        for file, plan in self.plan["files"].items():
            self._try_file(file, plan)

    def _try_file(self, file: str, plan: dict[str, Any]) -> None:
        killers: set[str] = set()
        for mutant in [mutant for mutant in mutants(file, self.root) if mutant.title in plan["titles"]]:
            names = self._chosen(mutant, plan["own"])
            began = time.monotonic()
            answer = self._meet(mutant, names) if names else {"failed": []}
            killer = "took too long" if answer is None else "".join(answer["failed"][:1])
            killers |= {killer} & self.items.keys()
            found = {"file": file, "mutant": mutant.title, "killer": killer, "met_by": len(names)}
            say({**found, "seconds": round(time.monotonic() - began, 1)})
        again = self.child(lambda: self._tests(sorted(killers), first=False), 900)
        say({"file": file, "killers": len(killers), "fail_unchanged": None if again is None else again["failed"]})

    def _chosen(self, mutant: Mutant, own: list[str]) -> list[str]:
        """The tests that meet the mutant, quick ones first."""
        meets = self.meets[mutant.file]
        met = {name for line in mutant.lines for name in meets.get(str(line), ())} & self.items.keys()
        quick_first = sorted(met, key=lambda name: self.seconds.get(name, 0.0))
        owned = [name for name in quick_first if name.startswith(tuple(own))]
        others = [name for name in quick_first if not name.startswith(tuple(own))]
        return [*self._within(OWN_SECONDS, owned), *self._within(OTHERS_SECONDS, others)]

    def _within(self, seconds: float, names: list[str]) -> list[str]:
        """The first of the tests, for as long as they took unchanged."""
        ends = itertools.accumulate(self.seconds.get(name, 0.0) for name in names)
        return [name for name, end in zip(names, ends, strict=True) if end < seconds]

    def _meet(self, mutant: Mutant, names: list[str]) -> Any:
        path = self.root / mutant.file
        before = path.read_text()
        path.write_text(mutant.source)
        try:
            limit = 60 + 2 * sum(self.seconds.get(name, 0.0) for name in names)
            return self.child(lambda: self._changed(mutant, names), limit)
        finally:
            path.write_text(before)

    def _changed(self, mutant: Mutant, names: list[str]) -> dict[str, Any]:
        put_in(mutant, self.root)
        return self._tests(names)

    def _tests(self, names: Iterable[str], first: bool = True) -> dict[str, Any]:
        """Runs the tests, up to the first failure when `first`."""
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if first and _failed:
                break
        return {"failed": _failed}

    def _unchanged(self) -> dict[str, Any]:
        files = [str(self.root / file) for file in self.plan["files"]]
        seen = coverage.Coverage(data_file=None, config_file=False, include=files, concurrency=["thread"])
        seen.start()
        for item, following in zip(self.session.items, [*self.session.items[1:], None], strict=True):
            seen.switch_context(item.nodeid)
            self.session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        seen.stop()
        data = seen.get_data()
        meets = {file: data.contexts_by_lineno(str(self.root / file)) for file in self.plan["files"]}
        return {"failed": _failed, "seconds": _seconds, "meets": meets}

    def child(self, work: Callable[[], dict[str, Any]], seconds: float) -> Any:
        """What `work` answers in a fork, None when it took longer; whoever is cut off may leave rows behind, so that
        the next one makes the database anew."""
        with tempfile.NamedTemporaryFile() as answer:
            process = os.fork()
            if process == 0:
                self._be_the_child(work, answer.name)
            deadline = time.monotonic() + seconds
            while os.waitpid(process, os.WNOHANG) == (0, 0):
                if time.monotonic() > deadline:
                    os.killpg(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    self.new_database = True
                    return None
                time.sleep(0.02)
            self.new_database = False
            text = Path(answer.name).read_text()
            return json.loads(text) if text else {"failed": ["the process died"]}

    def _be_the_child(self, work: Callable[[], dict[str, Any]], answer: str) -> None:
        try:
            os.setpgid(0, 0)
            log = os.open(self.plan["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(log, 1)
            os.dup2(log, 2)
            self.session.config.option.create_db = self.new_database
            if not self.new_database:
                _use_the_database_as_it_is()
            for program in (self.sandbox.program, self.bucket.server):
                program.start = program.stop = lambda: None  # type: ignore[method-assign]  # replaced in this fork alone
            fixtures.Sandbox = lambda folder: self.sandbox  # type: ignore[misc,assignment]  # replaced in this fork alone
            fixtures.Bucket = lambda folder: self.bucket  # type: ignore[misc,assignment]  # replaced in this fork alone
            Path(answer).write_text(json.dumps(work()))
        except BaseException as error:  # noqa: BLE001 - a fork must never go on into its parent's work
            Path(answer).write_text(json.dumps({"failed": [f"did not run: {error!r}"]}))
        finally:
            sys.stdout.flush()
            os._exit(0)


def _use_the_database_as_it_is() -> None:
    """The test database was migrated for the unchanged tests: a fork only has to use it."""
    from django.conf import settings
    from django.db import connections
    from django.test import utils

    def setup_databases(*_options: Any, **_more: Any) -> list[Any]:
        for connection in connections.all():
            name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]  # Django has it; its stubs do not
            settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
        return []

    utils.setup_databases = setup_databases


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)
