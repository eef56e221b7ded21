"""What may be read of approvals."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from pairly.approvals.models import Approval, State
from pairly.approvals.registry import find_kind, kinds
from pairly.core.errors import NotFound

__all__ = ["approval", "in_state", "may_decide", "may_decide_any", "waiting_for"]


def approval(approval_id: UUID) -> Approval:
    """Raises ``NotFound``."""
    found = Approval.objects.filter(pk=approval_id).first()
    if found is None:
        raise NotFound
    return found


def in_state(state: str = State.WAITING) -> "QuerySet[Approval]":
    """Order by ``-id``."""
    return Approval.objects.filter(state=state)


def may_decide(user: Any, one: Approval) -> bool:
    """Whether this member of staff is the second person that it waits for."""
    kind = find_kind(one.kind)
    return (
        one.state == State.WAITING
        and one.requested_by != user.pk
        and kind is not None
        and user.has_perm(kind.permission)
    )


def may_decide_any(user: Any) -> bool:
    return bool(user.has_perm("approvals.view") and _kinds_of(user))


def waiting_for(user: Any) -> "QuerySet[Approval]":
    """What this member of staff may decide."""
    return in_state().filter(kind__in=_kinds_of(user)).exclude(requested_by=user.pk)


def _kinds_of(user: Any) -> list[str]:
    return [kind.name for kind in kinds() if user.has_perm(kind.permission)]
