"""manage.py with the environment of the shop that runs from this folder: `python -m local.manage COMMAND …`."""

import fcntl
import json
import os
import sys

from local import ports, programs
from local.kept import ROOT
from photoorders import environment

RUN = ROOT / ".run"
NEEDS_NO_SHOP = ("doctor", "check", "help")


def remember(variables: dict[str, str]) -> None:
    """Keeps what `make run` chose for the shop's processes, readable by its owner only."""
    kept = RUN / "environment.json"
    kept.unlink(missing_ok=True)
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(variables, indent=2))


def adopt(command: list[str]) -> None:
    """Takes over the shop's environment. SystemExit where `command` needs a database and there is none to be had."""
    given = environment.given("DATABASE_URL")
    kept = RUN / "environment.json"
    if kept.exists():
        for name, value in json.loads(kept.read_text()).items():
            if not environment.given(name.removesuffix("_FILE")):
                os.environ[name] = value
    if given or running():
        return
    print(
        "No shop runs from this folder: start it with `make run`, or set DATABASE_URL to use another.", file=sys.stderr
    )
    if not {"-h", "--help", *NEEDS_NO_SHOP} & set(command):
        sys.exit(1)


def running() -> bool:
    """Whether `make run` runs from this folder: it holds the lock from start to end."""
    try:
        with (RUN / "run.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def main() -> None:
    environment.read_dotenv(ROOT / ".env")
    os.environ.update(ports.past_proxies())
    adopt(sys.argv[1:])
    folders = [
        str(folder) for folder in programs.postgres_folders()[:1]
    ]  # pg_dump and pg_restore of the server's version
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]])  # noqa: S606 - becomes manage.py


if __name__ == "__main__":
    main()
