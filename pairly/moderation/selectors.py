"""Reads of cases and notices, each by an index."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from pairly.accounts.models import Report
from pairly.core.errors import NotFound
from pairly.moderation.models import Case, Notice

__all__ = [
    "ORDERING",
    "case_by_id",
    "cases_about",
    "cases_in",
    "is_overdue",
    "notices_of",
    "open_targets",
    "reports_of_case",
]

ORDERING = ("priority", "due_at", "id")
"""Dangers to children before everything, then what is due first."""

OPEN = (Report.Status.PENDING, Report.Status.UNDER_REVIEW)


def case_by_id(case_id: UUID) -> Case:
    """Raises ``NotFound``."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    return case


def cases_in(
    state: str,
    *,
    target_type: str = "",
    reason: str = "",
    assigned_to: UUID | None = None,
    due_before: datetime | None = None,
) -> "QuerySet[Case]":
    """Cases in one state; order by ``ORDERING``, which the indexes serve."""
    cases = Case.objects.filter(state=state)
    if target_type:
        cases = cases.filter(target_type=target_type)
    if reason:
        cases = cases.filter(reason=reason)
    if assigned_to is not None:
        cases = cases.filter(assigned_to_id=assigned_to)
    if due_before is not None:
        cases = cases.filter(due_at__lte=due_before)
    return cases


def cases_about(user_id: UUID) -> "QuerySet[Case]":
    """Everything of one person that was ever in question, newest first."""
    return Case.objects.filter(author_id=user_id).order_by("-created_at")


def open_targets(target_type: str, target_ids: Collection[UUID]) -> set[UUID]:
    """Those of the things about which a case is open: what they hold is still looked at."""
    cases = Case.objects.filter(target_id__in=list(target_ids), target_type=target_type)
    return set(cases.filter(state__in=OPEN).values_list("target_id", flat=True))


def is_overdue(now: datetime) -> bool:
    """Whether an open case should have been decided by now."""
    return any(
        Case.objects.filter(state=state, priority=priority, due_at__lte=now).exists()
        for state in OPEN
        for priority in Case.Priority.values
    )


def reports_of_case(case: Case) -> "QuerySet[Report]":
    """The reports of the thing, those of earlier cases about it too."""
    reports = Report.objects.filter(target_id=case.target_id, target_type=case.target_type)
    return reports.select_related("reporter").order_by("-id")


def notices_of(user_id: UUID) -> "QuerySet[Notice]":
    return Notice.objects.filter(user_id=user_id).order_by("-id")
