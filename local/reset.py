"""Throws away what `make run` keeps under .run/: `make demo-reset`. Databases and buckets given by variables stay."""

import fcntl
import shutil
import sys

from local.kept import ROOT

RUN = ROOT / ".run"
KEPT = ("install.lock", "run.lock")


def main() -> int:
    RUN.mkdir(mode=0o711, exist_ok=True)
    with (RUN / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            print(f"photoorders runs here (process {lock.read().partition(' ')[0]}): stop it first, then reset.")
            return 1
        for path in RUN.iterdir():
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    print("The local shop's data is gone; the next `make run` begins with fresh demo data.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
