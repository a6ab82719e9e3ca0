"""`python -m bench [NAME …]` (`make bench`): runs the measurements, prints a table, writes bench/results.json (DESIGN §6).

Starts what it needs by itself and leaves nothing behind (bench/surroundings.py). A measurement is a module of this
folder with a function `rows()` that returns [{"name", "value", "unit", "floor", "ratio", "target", "ok"}]. NAME
restricts the run to modules of that name; the other rows of results.json stay as they were.
Exit status 1 when a target was missed or a measurement failed.
"""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from bench import surroundings

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"
COLUMNS = ("name", "value", "unit", "floor", "ratio", "target", "ok")


def main(names: list[str]) -> int:
    modules = [name for name in _modules() if not names or name in names]
    if not modules:
        print(f"No such measurement; there are: {', '.join(_modules())}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    print(f"load average {_load()} on {os.cpu_count()} cores", flush=True)
    found: list[dict[str, object]] = []
    failed = []
    with surroundings.prepared() as environment:
        for name in modules:
            print(f"{name} …", flush=True)
            rows = _run(name, environment)
            found += rows
            failed += [name] if not rows else []
    _write(found)
    _print_table(found)
    print(f"load average {_load()}")
    for name in failed:
        print(f"{name}: failed, see above", file=sys.stderr)
    return 0 if not failed and all(row["ok"] for row in found) else 1


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _modules() -> list[str]:
    """Modules that define `rows`, found without importing them."""
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if _defines_rows(path)]


def _defines_rows(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "rows" for node in tree.body)


def _run(name: str, environment: dict[str, str]) -> list[dict[str, object]]:
    """The module's rows, from a process of its own, so that one measurement's memory is not in the next; [] on failure."""
    code = (
        "import json, signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); "
        f"from bench import {name}; print(json.dumps({name}.rows()))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=surroundings.ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        output, _nothing = process.communicate()
    except BaseException:
        process.terminate()
        process.wait(60)
        raise
    if process.returncode != 0:
        return []
    rows: list[dict[str, object]] = json.loads(output.splitlines()[-1])
    return rows


def _write(found: list[dict[str, object]]) -> None:
    """Adds the new rows to the file's, each in the place of an older one of its name."""
    rows = {row["name"]: row for row in (json.loads(RESULTS.read_text()) if RESULTS.exists() else [])}
    rows |= {row["name"]: row for row in found}
    RESULTS.write_text(json.dumps(list(rows.values()), indent=2) + "\n", encoding="utf-8")


def _print_table(rows: list[dict[str, object]]) -> None:
    table = [COLUMNS, *([_text(row.get(column)) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[n]) for line in table) for n in range(len(COLUMNS))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "ok" if value else "MISSED"
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
