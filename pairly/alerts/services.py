"""Raising alerts, and what becomes of them. The open row of a kind and key guards every step."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.alerts.errors import AlertNotOpen
from pairly.alerts.models import DETAILS_LENGTH_MAX, TITLE_LENGTH_MAX, Alert
from pairly.audit.services import record, require_reason
from pairly.core.db import StaleRead, change_one, on_commit, run_atomic
from pairly.core.errors import NotFound

__all__ = [
    "acknowledge_alert",
    "clear_alert",
    "raise_alert",
    "remove_resolved",
    "resolve_alert",
]

logger = logging.getLogger(__name__)

REMOVED_AT_ONCE_MAX = 1000

State = Alert.State


def raise_alert(
    *, kind: str, key: str, severity: str, title: str, details: str = "", now: datetime
) -> Alert:
    """Tell staff that something is wrong; while it is open, once more counts it and takes the
    newest words.

    Inside a transaction it stands and falls with that one, which must be one of ``run_atomic``:
    of two that raise the same at once, one is run again. What must be told although the
    transaction fails is raised outside of it.
    """
    words = {
        "severity": severity,
        "title": title[:TITLE_LENGTH_MAX],
        "details": details[:DETAILS_LENGTH_MAX],
        "last_seen_at": now,
    }
    return run_atomic(lambda: _raise(kind, key, words))


def _raise(kind: str, key: str, words: dict[str, Any]) -> Alert:
    alert = Alert.objects.filter(state=State.OPEN, kind=kind, key=key).first()
    if alert is None:
        return _insert(Alert(kind=kind, key=key, first_seen_at=words["last_seen_at"], **words))
    seen = Alert.objects.filter(pk=alert.pk, state=State.OPEN, count=alert.count)
    _change(alert, seen, {"count": alert.count + 1, **words})
    return alert


def _insert(alert: Alert) -> Alert:
    try:
        alert.save(force_insert=True)
    except IntegrityError as error:
        raise StaleRead(f"somebody else raised {alert.kind} {alert.key}") from error
    on_commit(lambda: logger.error("alert %s %s: %s", alert.kind, alert.key, alert.title))
    return alert


def _change(alert: Alert, seen: Any, values: dict[str, Any]) -> None:
    if not change_one(seen, **values):
        raise StaleRead(f"the alert {alert.pk} changed meanwhile")
    for name, value in values.items():
        setattr(alert, name, value)


def clear_alert(*, kind: str, key: str, now: datetime) -> bool:
    """The condition is over by itself; False if no such alert was open."""
    still_open = Alert.objects.filter(state=State.OPEN, kind=kind, key=key)
    if not still_open.exists():
        return False
    return run_atomic(lambda: change_one(still_open, state=State.RESOLVED, resolved_at=now))


def acknowledge_alert(
    *, alert_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Alert:
    """Say that one looks after it. Raises ``NotFound``, ``AlertNotOpen`` (also when somebody has
    acknowledged it before), ``ValidationFailed`` without a reason."""
    values = {"acknowledged_by_id": actor_id, "acknowledged_at": now}
    return _decide(
        alert_id, values, "alert.acknowledged", actor_id, reason, request_id, acknowledged_at=None
    )


def resolve_alert(
    *, alert_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Alert:
    """Say that it is over; the reason is kept as its note. What is still wrong then is raised as
    a new one. Raises ``NotFound``, ``AlertNotOpen``, ``ValidationFailed`` without a reason."""
    values = {
        "state": State.RESOLVED,
        "resolved_by_id": actor_id,
        "resolved_at": now,
        "note": reason,
    }
    return _decide(alert_id, values, "alert.resolved", actor_id, reason, request_id)


def _decide(
    alert_id: UUID,
    values: dict[str, Any],
    action: str,
    actor_id: UUID | None,
    reason: str,
    request_id: str,
    **expected: Any,
) -> Alert:
    require_reason(reason)

    def decide() -> Alert:
        alert = Alert.objects.filter(pk=alert_id).first()
        if alert is None:
            raise NotFound
        if not change_one(
            Alert.objects.filter(pk=alert_id, state=State.OPEN, **expected), **values
        ):
            raise AlertNotOpen
        record(
            actor_id=actor_id,
            action=action,
            target_type="alert",
            target_id=alert_id,
            reason=reason,
            before={"state": alert.state, "count": alert.count},
            after={"state": values.get("state", alert.state), "kind": alert.kind, "key": alert.key},
            request_id=request_id,
        )
        alert.refresh_from_db()
        return alert

    return run_atomic(decide)


def remove_resolved(*, now: datetime) -> int:
    """Delete what was resolved long enough ago, a bounded number in a transaction; how many."""
    until = now - timedelta(days=settings.ALERT_KEEP_RESOLVED_DAYS)
    over = Alert.objects.filter(resolved_at__lte=until)
    removed = 0
    while ids := list(over.values_list("pk", flat=True)[:REMOVED_AT_ONCE_MAX]):
        removed += run_atomic(partial(_remove, ids))
    return removed


def _remove(ids: list[UUID]) -> int:
    return Alert.objects.filter(pk__in=ids).delete()[0]
