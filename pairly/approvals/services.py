"""Asking for a second person, and deciding: once, by somebody else, audited."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from pairly.accounts import roles
from pairly.accounts.selectors import roles_of
from pairly.approvals import selectors
from pairly.approvals.models import Approval, State
from pairly.approvals.registry import Kind, find_kind
from pairly.audit.services import record, require_reason
from pairly.core import clock
from pairly.core.db import change_one, in_atomic_block, run_atomic
from pairly.core.errors import Conflict, PermissionDenied

__all__ = ["approve", "expire", "reject", "request", "withdraw"]


def request(
    *,
    kind: str,
    target_type: str,
    target_id: UUID | str,
    payload: dict[str, Any],
    reason: str,
    actor_id: UUID,
    now: datetime,
    request_id: str = "",
) -> Approval:
    """Ask for a second person, in the caller's transaction.

    ``payload`` is JSON of ids as text and plain values: all that carrying it out will need. The
    caller has checked that the actor may ask. Raises ``ValidationFailed`` without a reason.
    """
    if not in_atomic_block():
        raise RuntimeError("request() outside of a transaction could be kept without its cause")
    if find_kind(kind) is None:
        raise ValueError(f"nobody registered the kind {kind!r}")
    require_reason(reason)
    approval = Approval(
        kind=kind,
        target_type=target_type,
        target_id=str(target_id),
        payload=payload,
        reason=reason,
        requested_by=actor_id,
        created_at=now,
        expires_at=now + timedelta(hours=settings.APPROVAL_LIFETIME_HOURS),
    )
    approval.save(force_insert=True)
    _record(approval, "approval.requested", actor_id, reason, request_id)
    return approval


def approve(*, approval_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Approval:
    """Carry out what was asked for, in the transaction that approves it.

    The same person again gets the same approval. Raises ``NotFound``, ``PermissionDenied`` for
    who asked for it or may not decide this kind, ``Conflict`` for what no longer waits,
    ``ValidationFailed`` without a reason, and what the kind raises; then it still waits.
    """
    return _decide(State.APPROVED, approval_id, actor_id, reason, request_id)


def reject(*, approval_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Approval:
    """Decide that it is not done. As ``approve`` otherwise."""
    return _decide(State.REJECTED, approval_id, actor_id, reason, request_id)


def withdraw(*, approval_id: UUID, actor_id: UUID, reason: str, request_id: str = "") -> Approval:
    """Take one's own request back. Raises as ``approve``."""
    return _decide(State.WITHDRAWN, approval_id, actor_id, reason, request_id)


def expire(*, approval_id: UUID, now: datetime) -> bool:
    """Give up what nobody decided in time; False if somebody did after all."""

    def lapse() -> bool:
        approval = selectors.approval(approval_id)
        if approval.state != State.WAITING or approval.expires_at > now:
            return False
        _end(approval, State.EXPIRED, now)
        _follow(find_kind(approval.kind), approval, now)
        return True

    return run_atomic(lapse)


def _decide(
    state: State, approval_id: UUID, actor_id: UUID, reason: str, request_id: str
) -> Approval:
    now = clock.now()
    require_reason(reason)

    def decide() -> Approval:
        approval = selectors.approval(approval_id)
        kind = find_kind(approval.kind)
        _check_may_decide(approval, kind, state, actor_id)
        if (approval.state, approval.decided_by) == (state, actor_id):
            return approval
        if approval.state != State.WAITING or approval.expires_at <= now:
            raise Conflict("This no longer waits for a decision.")
        _end(approval, state, now, decided_by=actor_id, decision_reason=reason)
        _follow(kind, approval, now)
        _record(approval, f"approval.{state.value}", actor_id, reason, request_id)
        return approval

    return run_atomic(decide)


def _check_may_decide(approval: Approval, kind: Kind | None, state: State, actor_id: UUID) -> None:
    """Who asked takes it back and decides nothing; who decides holds the kind's permission."""
    is_own = approval.requested_by == actor_id
    if state == State.WITHDRAWN:
        if not is_own:
            raise PermissionDenied("Only who asked for this takes it back.")
        return
    if is_own:
        raise PermissionDenied("Somebody else decides what you asked for.")
    if kind is None or kind.permission not in roles.permissions_of(roles_of(actor_id)):
        raise PermissionDenied("Your role does not decide this.")


def _end(approval: Approval, state: State, now: datetime, **decision: Any) -> None:
    """Raises ``Conflict`` for who comes second."""
    values = {"state": state, "decided_at": now, **decision}
    if not change_one(selectors.in_state().filter(pk=approval.pk), **values):
        raise Conflict("Somebody else decided this at the same moment.")
    for name, value in values.items():
        setattr(approval, name, value)


def _follow(kind: Kind | None, approval: Approval, now: datetime) -> None:
    if kind is None:
        return
    if approval.state == State.APPROVED:
        kind.execute(approval, now)
    elif kind.on_reject is not None:
        kind.on_reject(approval, now)


def _record(approval: Approval, what: str, actor_id: UUID, reason: str, request_id: str) -> None:
    record(
        actor_id=actor_id,
        action=what,
        target_type=approval.target_type,
        target_id=approval.target_id,
        reason=reason,
        after={"approval": str(approval.pk), "kind": approval.kind, **approval.payload},
        request_id=request_id,
    )
