"""What staff do about a break: look after it, explain it, or say that it is settled."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.accounts.roles import permissions_of
from pairly.accounts.staff_selectors import staff_members
from pairly.audit.services import record
from pairly.core.db import StaleRead, change_one, run_atomic
from pairly.core.errors import ValidationFailed
from payments.reconciliation.alerting import tell_of_breaks
from payments.reconciliation.errors import BreakNotOpen
from payments.reconciliation.models import Break
from payments.reconciliation.selectors import break_named

__all__ = ["assign_break", "explain_break", "possible_owners", "resolve_break"]

ACT = "payments.act"

State = Break.State


def assign_break(
    *,
    break_id: UUID,
    owner_id: UUID | None,
    actor_id: UUID | None,
    reason: str,
    now: datetime,
    request_id: str = "",
) -> Break:
    """Say who looks after a break, or that nobody does. Raises ``NotFound``, ``BreakNotOpen``
    for a resolved one, ``ValidationFailed`` for who may not act on payments."""
    if owner_id is not None and owner_id not in possible_owners():
        detail = "This is nobody who may act on payments."
        raise ValidationFailed.of("owner_id", "does_not_exist", detail)
    return _decide("assigned", {"owner_id": owner_id}, break_id, actor_id, reason, now, request_id)


def explain_break(
    *, break_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Break:
    """It is known and may stay, as long as what differs stays the same; the reason is kept as
    its note. Raises ``NotFound``, ``BreakNotOpen``, ``ValidationFailed`` without a reason."""
    values = {"state": State.EXPLAINED, "note": reason}
    return _decide("explained", values, break_id, actor_id, reason, now, request_id)


def resolve_break(
    *, break_id: UUID, actor_id: UUID | None, reason: str, now: datetime, request_id: str = ""
) -> Break:
    """It is settled; a later run that finds it all the same opens it again. Raises as
    ``explain_break``."""
    values = {
        "state": State.RESOLVED,
        "note": reason,
        "resolved_at": now,
        "resolved_by_id": actor_id,
    }
    return _decide("resolved", values, break_id, actor_id, reason, now, request_id)


def possible_owners() -> dict[UUID, str]:
    """Staff who may act on payments: their addresses by id."""
    return {
        one.user.pk: one.user.email for one in staff_members() if ACT in permissions_of(one.roles)
    }


def _decide(
    what: str,
    values: dict[str, Any],
    break_id: UUID,
    actor_id: UUID | None,
    reason: str,
    now: datetime,
    request_id: str,
) -> Break:
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")

    def decide() -> Break:
        row = break_named(break_id)
        if row.state == State.RESOLVED:
            raise BreakNotOpen
        seen = Break.objects.filter(pk=row.pk, state=row.state, owner_id=row.owner_id)
        before = _described(row)
        if not change_one(seen, **values):
            raise StaleRead(f"the break {break_id} changed meanwhile")
        for name, value in values.items():
            setattr(row, name, value)
        record(
            actor_id=actor_id,
            action=f"break.{what}",
            target_type="break",
            target_id=break_id,
            reason=reason,
            before=before,
            after=_described(row),
            request_id=request_id,
        )
        tell_of_breaks(row.provider, now)
        return row

    return run_atomic(decide)


def _described(row: Break) -> dict[str, Any]:
    owner = str(row.owner_id) if row.owner_id else None
    return {"kind": row.kind, "state": row.state, "owner": owner, "detail": row.detail}
