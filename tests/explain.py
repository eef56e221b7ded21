"""Does a query use an index? Asked of the database itself, on both of them.

MongoDB's planner decides by what the collection holds: fill it with more rows than the query
should read before asking.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

__all__ = ["assert_uses_index"]

SPARE_DOCUMENTS = 10


def assert_uses_index(queryset: "QuerySet[Any, Any]", *, documents_max: int | None = None) -> None:
    """Fail unless the query, joins and order included, is answered through indexes.

    On MongoDB it may look at ``documents_max`` documents; by default at a few more than it finds.
    A slice must also come sorted out of the index, since a sort would read everything first.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "mongodb":
        _assert_on_mongodb(queryset, documents_max)
    else:
        _assert_on_sqlite(queryset)


def _assert_on_sqlite(queryset: "QuerySet[Any, Any]") -> None:
    plan = queryset.explain()
    sliced = queryset.query.high_mark is not None
    for line in plan.splitlines():
        step = line.lstrip("0123456789 ")
        if step.startswith("SCAN") and "INDEX" not in step and "CONSTANT ROW" not in step:
            raise AssertionError(f"a whole table is read:\n{plan}")
        if sliced and "TEMP B-TREE FOR ORDER BY" in step:
            raise AssertionError(f"everything is sorted before the slice:\n{plan}")


def _assert_on_mongodb(queryset: "QuerySet[Any, Any]", documents_max: int | None) -> None:
    text = queryset.explain(verbosity="executionStats")
    plan = json.loads(text)
    stages = [part["stage"] for part in _parts(plan, "stage")]
    if "COLLSCAN" in stages:
        raise AssertionError(f"a whole collection is read:\n{text}")
    if queryset.query.high_mark is not None and "SORT" in stages:
        raise AssertionError(f"everything is sorted before the slice:\n{text}")
    statistics = next(_parts(plan, "totalDocsExamined"))
    examined, found = (_number(statistics[name]) for name in ("totalDocsExamined", "nReturned"))
    limit = found + SPARE_DOCUMENTS if documents_max is None else documents_max
    if examined > limit:
        raise AssertionError(f"{examined} documents are read, {found} found:\n{text}")


def _parts(plan: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every dictionary with the key, but for plans that were not chosen."""
    if isinstance(plan, dict):
        if key in plan:
            yield plan
        for name, part in plan.items():
            if name != "rejectedPlans":
                yield from _parts(part, key)
    elif isinstance(plan, list):
        for part in plan:
            yield from _parts(part, key)


def _number(value: Any) -> int:
    """Extended JSON writes some numbers as {"$numberLong": "5"}."""
    return int(next(iter(value.values())) if isinstance(value, dict) else value)
