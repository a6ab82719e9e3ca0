"""The small wrong changes that the mutation run makes, one at a time: what they are, and how they get into the program."""

import ast
import dataclasses
import gc
import itertools
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
}  # fmt: skip
CHANGED = (ast.Compare, ast.BoolOp, ast.BinOp, ast.If, ast.IfExp, ast.Constant, ast.Expr, ast.With, ast.Call)
SILENT = ("log", "metrics", "structlog")  # what they are told changes no money


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    place: str  # line:column
    what: str
    source: str
    code: types.CodeType
    name: str  # the module's constant that it changes, "" when it is inside a function
    lines: tuple[int, ...]  # of the statement, up to the changed part, or of a constant's uses: who runs one meets it
    loose: bool  # neither in a function's body nor a constant: only a program started anew has it

    @property
    def title(self) -> str:
        return f"{self.place}: {self.what}"


def mutants(file: str, root: Path = ROOT) -> Iterator[Mutant]:
    """Every mutant of a file: comparisons and operators turned round, conditions negated, numbers off by one, truths
    swapped, statements that call something left out, transactions and row locks taken away."""
    source = (root / file).read_text()
    untouched = ast.parse(source)
    above = {child: node for node in ast.walk(untouched) for child in ast.iter_child_nodes(node)}
    for number, original in enumerate(ast.walk(untouched)):
        if not isinstance(original, CHANGED):
            continue
        tree = ast.parse(source)
        node = list(ast.walk(tree))[number]
        place = f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}"
        for what in _change(node, tree):
            name, lines, loose = _place(untouched, original, above)
            code = compile(ast.fix_missing_locations(tree), str(root / file), "exec")
            yield Mutant(file, place, what, ast.unparse(tree), code, name, lines, loose)


def put_in(mutant: Mutant, root: Path) -> None:
    """Changes the running program: functions get the mutant's code, a constant its value wherever it was imported to."""
    path = str(root / mutant.file)
    module = next(module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == path)
    if mutant.name:
        old, fresh = getattr(module, mutant.name), {**vars(module)}
        statement = next(part for part in ast.parse(mutant.source).body if mutant.name in _names(part))
        exec(compile(ast.Module([statement], []), path, "exec"), fresh)  # noqa: S102 - the project's own source
        for other in list(sys.modules.values()):
            if getattr(other, "__dict__", {}).get(mutant.name) is old:
                setattr(other, mutant.name, fresh[mutant.name])
        return
    changed = {(code.co_qualname, code.co_firstlineno): code for code in _functions(mutant.code)}
    for function in [thing for thing in gc.get_objects() if isinstance(thing, types.FunctionType)]:
        known = function.__code__
        code = changed.get((known.co_qualname, known.co_firstlineno)) if known.co_filename == path else None
        if code is not None and code != known:
            function.__code__ = code


def _functions(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _functions(constant)


def _place(tree: ast.Module, node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> tuple[str, tuple[int, ...], bool]:
    """The constant that the node belongs to, the lines that meet it, and whether it is in neither constant nor body."""
    path = [node]
    while path[-1] in above:
        path.append(above[path[-1]])
    nearest = next(part for part in path if isinstance(part, ast.stmt))
    last = nearest.lineno if isinstance(node, ast.With | ast.If) else getattr(node, "end_lineno", nearest.lineno)
    lines = tuple(range(nearest.lineno, last + 1))
    if any(isinstance(up, ast.FunctionDef) and part in up.body for part, up in itertools.pairwise(path)):
        return "", lines, False
    for name in _names(path[-2]):
        return name, tuple(it.lineno for it in ast.walk(tree) if isinstance(it, ast.Name) and it.id == name), False
    return "", lines, True


def _names(statement: ast.AST) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _change(node: ast.AST, tree: ast.AST) -> Iterator[str]:
    """Changes the node in place; at most one change a node, so that each mutant differs in one thing."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        before = ast.unparse(node)
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
        yield f"{before} → {ast.unparse(node)}"
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in OPERATORS and not _text(node):
        before = ast.unparse(node)
        node.op = OPERATORS[type(node.op)]()  # type: ignore[assignment]  # an operator of the same kind
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
