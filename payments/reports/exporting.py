"""The day rows as rows of a table, for files that staff take away."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from pairly.audit.services import record
from pairly.core.days import Days
from pairly.core.db import run_atomic
from payments.reports.models import IntentDay, between
from payments.reports.selectors import POCKETS, liability, revenue_rows

__all__ = ["COLUMNS", "note_export", "records_of"]

COLUMNS: Final = {
    "revenue": (
        *("day", "provider", "package", "currency", "purchases"),
        *("gross_minor", "refunds_minor", "disputes_minor", "fees_minor", "net_minor"),
    ),
    "liability": ("day", "asset", *POCKETS),
    "statistics": ("day", "provider", "status", "failure_code", "count"),
}
"""By the name of the report."""


def records_of(report: str, days: Days, narrowed: dict[str, str]) -> Iterable[dict[str, Any]]:
    """The oldest day first; ``narrowed`` by what the report may be narrowed by."""
    if report == "liability":
        return liability(days).days[::-1]
    rows: QuerySet[Any]
    if report == "revenue":
        rows = revenue_rows(days, **narrowed)
    else:
        given = {name: value for name, value in narrowed.items() if value}
        rows = between(IntentDay, days.first, days.last).filter(**given)
    names = COLUMNS[report]
    return ({name: getattr(row, name) for name in names} for row in rows.order_by("id").iterator())


def note_export(
    report: str,
    days: Days,
    narrowed: dict[str, str],
    format: str,
    *,
    actor_id: UUID,
    request_id: str = "",
) -> None:
    """In the audit log, before anything goes out: of which days."""
    asked = {"first": f"{days.first}", "last": f"{days.last}", "format": format, **narrowed}
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="report.exported",
            target_type="report",
            target_id=report,
            after=asked,
            request_id=request_id,
        )
    )
