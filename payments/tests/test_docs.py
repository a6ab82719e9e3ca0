"""docs/payments.md says which test proves which rule: each rule has one, each of them exists and cites its rule."""

import ast
import fnmatch
import functools
import re
from pathlib import Path

import pytest

from payments import dispatch

ROOT = Path(__file__).parents[2]
HERE = "payments/tests/"
RULES = [f"C{number}" for number in (*range(1, 56), 60, 61, 62, 66)]  # what the catalogue says of payments
NAMED = re.compile(r"`(?:([\w/]+\.py): )?(test_\w+)`")


def table() -> dict[str, list[tuple[str, str]]]:
    """Of each rule the tests named: file and function."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for line in (ROOT / "docs/payments.md").read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r"\| (C\d+) \| (.+) \|", line)
        if not found:
            continue
        assert found[1] not in rows, f"{found[1]} has two rows"
        left = NAMED.sub("", found[2]).replace(",", "").replace(";", "").strip()
        assert left == "", f"{found[1]}: {left!r} names no test"
        file, rows[found[1]] = "", []
        for path, function in NAMED.findall(found[2]):
            file = (path if "/" in path else HERE + path) if path else file
            rows[found[1]].append((file, function))
    return rows


@functools.cache
def functions_of(file: str) -> dict[str, str]:
    """The file's test functions, each with what its own and the module's docstring say."""
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    above = ast.get_docstring(module) or ""
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    return {node.name: f"{above}\n{ast.get_docstring(node) or ''}" for node in functions}


def cites(words: str, rule: str) -> bool:
    """`C32` is cited by "C32", and by "C30–C38"."""
    spans = re.findall(r"\bC(\d+)(?:[–-]C?(\d+))?\b", words)
    return any(int(first) <= int(rule[1:]) <= int(last or first) for first, last in spans)


def test_every_rule_has_its_row() -> None:
    assert list(table()) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_named_exist_and_cite_their_rule(rule: str) -> None:
    for file, function in table()[rule]:
        assert function in functions_of(file), f"{file} has no {function}"
        assert cites(functions_of(file)[function], rule), f"{file}: {function} does not cite {rule}"


def test_the_guide_names_the_events_that_stripe_must_send() -> None:
    """C25: each that is needed, by its name or its group's, and no group of which none is."""
    guide = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    named = re.findall(
        r"`([\w.*]+)`", guide.partition("/webhooks/stripe/` with the events")[2].partition("API version")[0]
    )
    assert len(named) >= 5
    needed = dispatch.needed()
    assert [kind for kind in sorted(needed) if not any(fnmatch.fnmatchcase(kind, name) for name in named)] == []
    assert [name for name in named if not fnmatch.filter(needed, name)] == []


@pytest.mark.parametrize(("words", "cited"), [("C3, C5", False), ("C4", True), ("C3–C9", True), ("C41", False)])
def test_a_rule_is_cited_by_its_number_or_by_a_span(words: str, cited: bool) -> None:
    assert cites(words, "C4") is cited
