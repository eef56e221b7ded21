"""Breaks as runs write them: found again is the same row, gone is closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from pairly.core.db import StaleRead, change_one, run_atomic
from payments.operations import intent_ids
from payments.reconciliation.judging import Finding
from payments.reconciliation.models import Break, Reconciliation
from payments.reconciliation.runs import keep

__all__ = ["close_gone", "gone_breaks", "store"]

CLOSED_AT_ONCE_MAX: Final = 200

State = Break.State
UNRESOLVED: Final = (State.OPEN, State.EXPLAINED)


def store(run: Reconciliation, found: Sequence[Finding], now: datetime) -> int:
    """Write a page of findings; how many of them are newly open."""

    def write() -> int:
        keep(run)
        purchases = intent_ids(one.operation for one in found)
        subjects = [one.subject for one in found]
        rows = Break.objects.filter(provider=run.provider, subject__in=subjects)
        known = {(row.kind, row.subject): row for row in rows}
        fresh = [
            _new(one, _facts(run, one, purchases, now))
            for one in found
            if (one.kind, one.subject) not in known
        ]
        Break.objects.bulk_create(fresh)
        reopened = [
            _see_again(known[one.kind, one.subject], one, _facts(run, one, purchases, now))
            for one in found
            if (one.kind, one.subject) in known
        ]
        return sum(row.state == State.OPEN for row in fresh) + sum(reopened)

    return run_atomic(write) if found else 0


def close_gone(run: Reconciliation, now: datetime) -> int:
    """Resolve what lies in the run's time and was not found by it; how many."""
    closed = 0
    for state in UNRESOLVED:
        while gone := list(gone_breaks(run, state)[:CLOSED_AT_ONCE_MAX]):
            closed += run_atomic(partial(_close, run, gone, now))
    return closed


def gone_breaks(run: Reconciliation, state: str) -> Any:
    in_time = Break.objects.filter(
        provider=run.provider,
        state=state,
        occurred_at__gte=run.since,
        occurred_at__lt=run.until,
    )
    return in_time.exclude(run_id=run.pk).order_by("occurred_at")


def _close(run: Reconciliation, gone: Sequence[Break], now: datetime) -> int:
    """What staff have decided about meanwhile stays as they left it."""
    keep(run)
    return sum(change_one(_as_read(row), state=State.RESOLVED, resolved_at=now) for row in gone)


def _new(one: Finding, facts: dict[str, Any]) -> Break:
    row = Break(subject=one.subject, kind=one.kind, opened_at=facts["seen_at"], **facts)
    if one.mended:
        row.state, row.note, row.resolved_at = State.RESOLVED, one.mended, row.seen_at
    return row


def _see_again(row: Break, one: Finding, facts: dict[str, Any]) -> bool:
    """Whether it opened again: resolved and yet there, or not what was explained."""
    now = facts["seen_at"]
    if one.mended:
        _change(row, **facts, state=State.RESOLVED, note=one.mended, resolved_at=now)
        return False
    is_other = row.state == State.EXPLAINED and row.detail != one.detail
    opens = row.state == State.RESOLVED or is_other
    if opens:
        again = {"opened_at": now, "resolved_at": None, "resolved_by_id": None}
        facts |= {"state": State.OPEN, **again}
    _change(row, **facts)
    return opens


def _facts(
    run: Reconciliation, one: Finding, purchases: Mapping[str, UUID], now: datetime
) -> dict[str, Any]:
    return {
        "provider": run.provider,
        "currency": one.currency,
        "statement_minor": one.statement_minor,
        "ledger_minor": one.ledger_minor,
        "detail": one.detail,
        "operation": one.operation,
        "intent_id": one.intent_id or purchases.get(one.operation),
        "occurred_at": one.occurred_at,
        "seen_at": now,
        "run_id": run.pk,
    }


def _change(row: Break, **values: Any) -> None:
    """Staff may decide on it at the same moment; then the page is written again."""
    if not change_one(_as_read(row), **values):
        raise StaleRead(f"the break {row.pk} changed meanwhile")


def _as_read(row: Break) -> Any:
    return Break.objects.filter(pk=row.pk, state=row.state)
