"""`make lint`: every check that needs no running shop, all of them, then what failed."""

import os
import subprocess
import sys
import time
from pathlib import Path

from local.kept import ROOT

BIN = Path(sys.executable).parent
PYTHON = sys.executable
CHECKS: dict[str, list[str | Path]] = {
    "ruff": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "."],
    "mypy": [BIN / "mypy", "."],
    "import contracts": [BIN / "lint-imports"],
    "migrations": [PYTHON, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
    "templates": [BIN / "djlint", "templates", "--lint", "--quiet"],
    "translations": [PYTHON, "-m", "local.translations"],
}


def main() -> int:
    failed = [name for name, command in CHECKS.items() if not passes(name, [str(word) for word in command])]
    print("lint: " + (f"failed: {', '.join(failed)}" if failed else "all is well"), flush=True)
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    """Runs one check; its output is shown only when it fails."""
    start = time.monotonic()
    environment = {
        **os.environ,
        "DEMO": "1",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or "postgres://nobody@127.0.0.1:1/none",
    }
    result = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(f"{'ok    ' if result.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - start:.0f} s)", flush=True)
    if result.returncode:
        print(result.stdout, flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
