"""Compiles requirements*.in into pinned requirements*.txt: `make lock`, with the environment variable UPGRADE=1 to newer versions."""

import os
import subprocess
import sys
from pathlib import Path

from local.kept import ROOT

OPTIONS = ["--universal", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--python-version", "3.11"]


def main() -> int:
    uv = Path(sys.executable).parent / "uv"
    for name in ("requirements", "requirements-local", "requirements-dev"):
        upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
        words = [str(uv), "pip", "compile", "--quiet", *OPTIONS, *upgrade, "--custom-compile-command", "make lock"]
        result = subprocess.run([*words, f"{name}.in", "-o", f"{name}.txt"], cwd=ROOT, check=False)
        if result.returncode:
            return result.returncode
        print(f"{name}.txt is compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
