"""Finds forms of the ORM that MongoDB gets wrong, some of them without a word, or refuses.

Syntax only: it knows a queryset by the methods in its chain, or by what the name was last set to
in the same function. What it cannot see, the part of the suite that runs on MongoDB meets.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FORMS", "Finding", "scan"]

LOOKUPS = frozenset(
    "exact iexact contains icontains in gt gte lt lte startswith istartswith endswith iendswith "
    "range date year month day hour minute second week week_day isnull regex iregex has_key "
    "has_keys has_any_keys pk".split()
)
QUERYSET_METHODS = frozenset(
    "filter exclude order_by values values_list all distinct only defer annotate alias reverse "
    "select_related none".split()
)
BANNED_NAMES = {
    "FilteredRelation": "its condition is ignored: filter the joined rows in a query of their own",
    "Now": "take clock.now() once per operation",
    "Window": "not supported: compute in Python",
    "ExtractQuarter": "not supported: compute in Python",
    "TruncDate": "only right in UTC: use TruncDay",
    "RawSQL": "no SQL on MongoDB",
    "RunSQL": "no SQL on MongoDB: RunPython, gated by vendor",
    "ManyToManyField": "its prefetch is not supported: write the through model",
}
BANNED_METHODS = {
    "select_for_update": "locks nothing on either database: use change_one",
    "raw": "no SQL on MongoDB",
    "extra": "no SQL on MongoDB",
    "cursor": "no SQL on MongoDB: use core.table.Table",
}
BANNED_KEYWORDS = {
    "ignore_conflicts": "not supported: insert, and catch IntegrityError outside the block",
    "update_conflicts": "not supported: insert or change_one",
    "db_default": "cannot be stored: use default",
    "auto_now": "take clock.now() once per operation",
    "auto_now_add": "take clock.now() once per operation",
}
M2M_OF_DJANGO = frozenset({"groups", "user_permissions", "permissions"})
TRANSACTION_MODULES = ("django.db.transaction", "django_mongodb_backend.transaction")


@dataclass(frozen=True, slots=True)
class Finding:
    form: str
    path: Path
    line: int
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.form}: {self.advice}"


Found = tuple[str, ast.AST, str]


def scan(source: str, path: Path) -> list[Finding]:
    """Every banned form in a file's source."""
    tree = ast.parse(source, filename=str(path))
    names = _Names(tree)
    findings = []
    for node in ast.walk(tree):
        for check in FORMS:
            for form, place, advice in check(node, names):
                findings.append(Finding(form, path, getattr(place, "lineno", 0), advice))
    return findings


class _Names:
    """What a name was set to last, before a given line of its function."""

    def __init__(self, tree: ast.AST) -> None:
        self._scopes: list[tuple[int, int]] = []
        self._values: list[tuple[int, str, ast.expr]] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._scopes.append((node.lineno, node.end_lineno or node.lineno))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._values.append((node.lineno, node.targets[0].id, node.value))

    def value(self, name: ast.Name) -> ast.expr | None:
        around = [scope for scope in self._scopes if scope[0] <= name.lineno <= scope[1]]
        start = max((scope[0] for scope in around), default=0)
        before = [
            (line, value)
            for line, known, value in self._values
            if known == name.id and start <= line < name.lineno
        ]
        return max(before, key=lambda found: found[0])[1] if before else None


def _is_queryset(node: ast.expr | None, names: _Names) -> bool:
    if isinstance(node, ast.Name):
        return _is_queryset(names.value(node), names)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice) and _is_queryset(node.value, names)
    if isinstance(node, ast.Attribute):
        return node.attr == "objects"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in QUERYSET_METHODS and not _is_mapping_call(node)
    return False


def _is_mapping_call(node: ast.Call) -> bool:
    """``values()`` of a dictionary looks alike; a queryset's chain is longer."""
    assert isinstance(node.func, ast.Attribute)
    return node.func.attr == "values" and not node.args and isinstance(node.func.value, ast.Name)


def _is_sliced(node: ast.expr | None, names: _Names) -> bool:
    if isinstance(node, ast.Name):
        return _is_sliced(names.value(node), names)
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and _is_queryset(node.value, names)
    )


def lookups(node: ast.AST, names: _Names) -> Iterator[Found]:
    if not isinstance(node, ast.Call):
        return
    for keyword in node.keywords:
        if keyword.arg and keyword.arg.endswith("__iexact"):
            yield "iexact", node, "escapes nothing: store it lower-cased and compare exactly"
        if keyword.arg and keyword.arg.endswith("__in") and _is_sliced(keyword.value, names):
            yield "sliced subquery", node, "the slice is ignored: make it a list first"
        if keyword.arg in BANNED_KEYWORDS and not _is_false(keyword.value):
            yield keyword.arg, node, BANNED_KEYWORDS[keyword.arg]


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (False, None)


def named_things(node: ast.AST, names: _Names) -> Iterator[Found]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django."):
        for alias in node.names:
            if alias.name in BANNED_NAMES:
                yield alias.name, node, BANNED_NAMES[alias.name]
    if isinstance(node, ast.Attribute) and node.attr in BANNED_NAMES:
        yield node.attr, node, BANNED_NAMES[node.attr]


def methods(node: ast.AST, names: _Names) -> Iterator[Found]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return
    method, owner = node.func.attr, node.func.value
    if method in BANNED_METHODS:
        yield method, node, BANNED_METHODS[method]
    if method in ("intersection", "difference") and _is_queryset(owner, names):
        yield method, node, "not supported: combine in Python"
    if method == "prefetch_related":
        for argument in node.args:
            if isinstance(argument, ast.Constant) and argument.value in M2M_OF_DJANGO:
                yield "m2m prefetch", node, "not supported: query the through model"


def joined_writes(node: ast.AST, names: _Names) -> Iterator[Found]:
    """update() and delete() behind a filter that joins or holds a subquery."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return
    if node.func.attr not in ("update", "delete"):
        return
    for keyword in _filters(node.func.value, names):
        if any(part not in LOOKUPS for part in (keyword.arg or "").split("__")[1:]):
            yield "joined write", node, "not supported: fetch the keys first"
        elif (keyword.arg or "").endswith("__in") and _is_queryset(keyword.value, names):
            yield "subquery in a write", node, "not supported: make it a list first"


def _filters(chain: ast.expr | None, names: _Names) -> Iterator[ast.keyword]:
    """The keywords of filter() and exclude() in a chain, through the names it starts from."""
    while chain is not None:
        if isinstance(chain, ast.Name):
            chain = names.value(chain)
        elif isinstance(chain, ast.Call) and isinstance(chain.func, ast.Attribute):
            if chain.func.attr in ("filter", "exclude"):
                yield from chain.keywords
            chain = chain.func.value
        else:
            return


def transactions(node: ast.AST, names: _Names) -> Iterator[Found]:
    imported: list[str] = []
    if isinstance(node, ast.ImportFrom) and node.module:
        imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    elif isinstance(node, ast.Import):
        imported = [alias.name for alias in node.names]
    for module in TRANSACTION_MODULES:
        if any(name == module or name.startswith(f"{module}.") for name in imported):
            yield "transaction", node, "does nothing on MongoDB: use pairly.core.db"
            return


FORMS: tuple[Callable[[ast.AST, _Names], Iterator[Found]], ...] = (
    lookups,
    named_things,
    methods,
    joined_writes,
    transactions,
)
