"""The parts of a case's page below its facts: what is said, and the thing in its context."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from pairly.accounts.staff_rows import Names, moment, person_link
from pairly.audit.selectors import entries_about
from pairly.moderation.models import Case
from pairly.moderation.selectors import reports_of_case
from pairly.moderation.subjects import Line, Picture, subject_of

__all__ = ["context_of", "shown_lines"]

ROWS = 50


def context_of(case: Case, *, may_read: bool) -> dict[str, Any]:
    """What the template of a case's page is given; private content for who may read it."""
    context: dict[str, Any] = {
        "reports": _reports(case),
        "decisions": _decisions(case),
        "may_read": may_read,
    }
    if may_read:
        shown = subject_of(case.target_type).show(case.target_id)
        context |= {
            "kept_text": case.text,
            "shown": shown,
            "lines": shown_lines(shown.lines),
            "pictures": _pictures(shown.pictures),
        }
    return context


def _reports(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "at": moment(one.created_at),
            "by": person_link(one.reporter_id, one.reporter.email),
            "reason": one.get_reason_display(),
            "details": one.details,
            "status": one.get_status_display(),
        }
        for one in reports_of_case(case)[:ROWS]
    ]


def _decisions(case: Case) -> list[dict[str, Any]]:
    entries = list(entries_about("case", case.pk).exclude(action="case.viewed")[:ROWS])
    names = Names.of([one.actor_id for one in entries])
    return [
        {
            "at": moment(one.created_at),
            "action": one.action.partition(".")[2].replace("_", " "),
            "by": names[one.actor_id],
            "reason": one.reason,
        }
        for one in entries
    ]


def shown_lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines with names and addresses, for ``admin/moderation/lines.html``. The first of the two
    people who speaks stands on the left."""
    people: list[UUID] = list(dict.fromkeys(line.user_id for line in lines))
    names = Names.of(people)
    return [
        {
            "at": moment(line.at),
            "by": person_link(line.user_id, names[line.user_id]),
            "text": line.text,
            "note": line.note,
            "is_target": line.is_target,
            "is_second": people.index(line.user_id) > 0,
            "pictures": _pictures(line.pictures),
        }
        for line in lines
    ]


def _pictures(pictures: Sequence[Picture]) -> list[dict[str, str]]:
    return [
        {
            "kind": one.kind,
            "title": one.title,
            "address": reverse(f"admin:{one.page}", args=[one.id]),
        }
        for one in pictures
    ]
