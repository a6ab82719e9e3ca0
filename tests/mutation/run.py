"""Mutates the money paths one small change at a time and asks the tests: `python -m tests.mutation.run [FILE…] [--limit N]`.

A mutant that no test notices survives and is listed. Works on a copy of the tree, never on the tree itself. Each mutant
meets the tests of its own file first (TESTS), which end at the first failure. With `--only TEXT` only mutants whose
description holds the text are tried; `--seed` chooses which ones `--limit` takes.
"""

import argparse
import ast
import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAY = "payments/tests/"
CONFIRMATION = [f"{PAY}test_confirmation.py", f"{PAY}test_inbox.py", f"{PAY}test_refunds.py"]
TESTS: dict[str, list[str]] = {
    "payments/signatures.py": [f"{PAY}test_signatures.py", f"{PAY}test_webhook.py"],
    "payments/checkout.py": [f"{PAY}test_checkout.py", f"{PAY}test_confirmation.py"],
    "payments/confirmation.py": CONFIRMATION,
    "payments/refunds.py": [f"{PAY}test_refunds.py", f"{PAY}test_confirmation.py"],
    "payments/inbox.py": [f"{PAY}test_inbox.py", f"{PAY}test_webhook.py"],
    "payments/attempts.py": [f"{PAY}test_confirmation.py", f"{PAY}test_checkout.py"],
    "payments/books.py": [f"{PAY}test_refunds.py"],
    "outbox/services.py": ["outbox/tests"],
    "outbox/relay.py": ["outbox/tests"],
    "orders/pricing.py": ["orders/tests/test_pricing.py"],
    "orders/services.py": ["orders/tests/test_services.py"],
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
}  # fmt: skip
SILENT = ("log", "metrics", "structlog")  # what they are told changes no money


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    line: int
    what: str
    source: str


def mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a file: comparisons and operators turned round, conditions negated, numbers off by one, truths
    swapped, statements that call something left out, filters and locks left out of a query."""
    source = (ROOT / file).read_text()
    for number in range(sum(1 for _node in ast.walk(ast.parse(source)))):
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        node = nodes[number]
        line = getattr(node, "lineno", 0)
        for what in _change(node, tree):
            yield Mutant(file, line, what, ast.unparse(tree))


def _change(node: ast.AST, tree: ast.AST) -> Iterator[str]:
    """Changes the node in place; at most one change a node, so that each mutant differs in one thing."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        before = ast.unparse(node)
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
        yield f"{before} → {ast.unparse(node)}"
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in OPERATORS and not _text(node):
        before = ast.unparse(node)
        node.op = OPERATORS[type(node.op)]()  # type: ignore[assignment]
        yield f"{before} → {ast.unparse(node)}"
    elif isinstance(node, ast.If | ast.IfExp):
        before = ast.unparse(node.test)
        node.test = ast.UnaryOp(ast.Not(), node.test)
        yield f"if {before} → if not"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
        yield f"{not node.value} → {node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        node.value += 1
        yield f"{node.value - 1} → {node.value}"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _silent(node.value):
        yield f"left out: {_without(tree, node)}"
    elif isinstance(node, ast.With) and "atomic" in ast.unparse(node.items[0]):
        before = ast.unparse(node.items[0])
        node.items[0].context_expr = ast.parse("__import__('contextlib').nullcontext()", mode="eval").body
        yield f"no {before}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "select_for_update":
        node.func.attr, node.keywords = "all", []
        yield "no select_for_update"


def _text(node: ast.AST) -> bool:
    return any(isinstance(part, ast.JoinedStr) for part in ast.walk(node))


def _silent(call: ast.Call) -> bool:
    return ast.unparse(call.func).split(".")[0] in SILENT


def _without(tree: ast.AST, statement: ast.Expr) -> str:
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                block[block.index(statement)] = ast.copy_location(ast.Pass(), statement)
    return ast.unparse(statement)[:100]


class Copy:
    """A copy of the tree in which mutants live, with a test database that is made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in tracked.stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def failure(self, tests: list[str], seconds: float, *options: str) -> str:
        """The first test that fails, "" when all pass; a run that takes too long has failed too."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--reuse-db", "-p", "no:cacheprovider", "--timeout=60"]
        try:
            answer = subprocess.run(
                [*command, *options, *tests],
                cwd=self.folder,
                env=os.environ,
                capture_output=True,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            return "took too long"
        failed = [line.split()[1] for line in answer.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return (failed or ["did not start"])[0] if answer.returncode else ""

    def killer(self, mutant: Mutant, seconds: float, *options: str) -> str:
        """The test that notices the mutant, "" when none does."""
        path = self.folder / mutant.file
        before = path.read_text()
        path.write_text(mutant.source)
        try:
            return self.failure(TESTS[mutant.file], seconds, *options)
        finally:
            path.write_text(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=list(TESTS))
    parser.add_argument("--limit", type=int, default=0, help="so many mutants of each file, chosen by --seed")
    parser.add_argument("--only", default="")
    parser.add_argument("--tests", default="", help="pytest's -k: only these tests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=Path("test-artifacts/mutation.json"))
    given = parser.parse_args()
    report = {}
    with tempfile.TemporaryDirectory(prefix="photoorders-mutation-") as folder:
        copy = Copy(Path(folder))
        for file in given.files:
            report[file] = try_file(copy, file, given)
            given.report.parent.mkdir(exist_ok=True)
            given.report.write_text(json.dumps(report, indent=2, ensure_ascii=False))


def try_file(copy: Copy, file: str, given: argparse.Namespace) -> dict[str, object]:
    narrowed = ["-k", given.tests] if given.tests else []
    began = time.monotonic()
    if problem := copy.failure(TESTS[file], 600, "--create-db", *narrowed):
        raise SystemExit(f"{file}: the tests do not pass without any change: {problem}")
    seconds = 3 * (time.monotonic() - began) + 30
    chosen = [mutant for mutant in mutants(file) if given.only in mutant.what]
    if given.limit and len(chosen) > given.limit:
        chosen = random.Random(given.seed).sample(chosen, given.limit)
    killed, survivors = {}, []
    for mutant in chosen:
        name = f"{mutant.line}: {mutant.what}"
        if killer := copy.killer(mutant, seconds, *narrowed):
            killed[name] = killer
        else:
            survivors.append(name)
        say(f"{file}:{name}: {killer or 'SURVIVED'}")
    say(f"{file}: {len(chosen)} tried, {len(killed)} killed")
    return {"tried": len(chosen), "killed": killed, "survivors": survivors}


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
