"""Keeping reports for another time."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import IntegrityError

from analytics.reports.models import SavedReport
from analytics.reports.selectors import saved_report
from pairly.audit.services import record
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, PermissionDenied

__all__ = ["delete_report", "save_report"]

SAVED_MAX: Final = 200


def save_report(
    *, actor_id: UUID, name: str, kind: str, query: Mapping[str, str], request_id: str = ""
) -> SavedReport:
    """Under a name that nobody has used; the query was checked. Raises ``Conflict``."""
    if SavedReport.objects.count() >= SAVED_MAX:
        raise Conflict(f"There are {SAVED_MAX} saved reports; delete one first.")
    report = SavedReport(
        name=name, kind=kind, query=dict(query), saved_by=actor_id, saved_at=clock.now()
    )

    def save() -> None:
        report.save(force_insert=True)
        _record(report, "report.saved", actor_id, request_id)

    try:
        run_atomic(save)
    except IntegrityError as error:
        raise Conflict(f"There is a report {name!r} already.") from error
    return report


def delete_report(*, actor_id: UUID, report_id: UUID, request_id: str = "") -> None:
    """Only who saved it. Raises ``NotFound`` or ``PermissionDenied``."""

    def delete() -> None:
        report = saved_report(report_id)
        if report.saved_by != actor_id:
            raise PermissionDenied("Somebody else has saved this report.")
        _record(report, "report.deleted", actor_id, request_id)
        SavedReport.objects.filter(pk=report_id).delete()

    run_atomic(delete)


def _record(report: SavedReport, action: str, actor_id: UUID, request_id: str) -> None:
    record(
        actor_id=actor_id,
        action=action,
        target_type="saved_report",
        target_id=report.pk,
        after={"name": report.name, "kind": report.kind, "query": report.query},
        request_id=request_id,
    )
