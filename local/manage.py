"""manage.py with the environment of the shop that runs from this folder: `python -m local.manage COMMAND …`."""

import json
import os
import sys

from local import programs
from local.kept import ROOT
from photoorders import environment

ENVIRONMENT = ROOT / ".run" / "environment.json"


def remember(variables: dict[str, str]) -> None:
    """Keeps what `make run` chose for the shop's processes, readable by its owner only."""
    ENVIRONMENT.unlink(missing_ok=True)
    ENVIRONMENT.touch(mode=0o600)
    ENVIRONMENT.write_text(json.dumps(variables, indent=2))


def main() -> None:
    environment.read_dotenv(ROOT / ".env")
    if ENVIRONMENT.exists():
        for name, value in json.loads(ENVIRONMENT.read_text()).items():
            os.environ.setdefault(name, value)
    elif not os.environ.get("DATABASE_URL"):
        print(
            "The shop has not run here yet and DATABASE_URL is not set: `make run` first, or set it.", file=sys.stderr
        )
    folders = [
        str(folder) for folder in programs.postgres_folders()[:1]
    ]  # pg_dump and pg_restore of the server's version
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]])  # noqa: S606 - becomes manage.py


if __name__ == "__main__":
    main()
