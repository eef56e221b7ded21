"""What calling adds to a person's own data."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from calling.models import Call
from pairly.core import clock

__all__ = ["calls_of"]


def calls_of(user_id: UUID) -> list[dict[str, Any]]:
    """Every call of theirs, oldest first; the other one by id alone."""
    calls = Call.objects.filter(Q(caller_id=user_id) | Q(callee_id=user_id)).order_by("id")
    return [_told(call, user_id) for call in calls.iterator()]


def _told(call: Call, user_id: UUID) -> dict[str, Any]:
    made = user_id == call.caller_id
    return {
        "id": str(call.pk),
        "direction": "made" if made else "received",
        "other_id": str(call.peer_of(user_id)),
        "media": call.media,
        "status": call.status,
        "end_reason": call.end_reason or None,
        "created_at": clock.to_rfc3339(call.created_at),
        "ended_at": clock.to_rfc3339(call.ended_at) if call.ended_at else None,
        "seconds": call.billed_seconds,
        "credits": call.credits if made else 0,
    }
