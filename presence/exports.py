"""What presence adds to a person's own data."""

from typing import Any
from uuid import UUID

from presence.models import PastVisit, Presence

__all__ = ["presence_of"]


def presence_of(user_id: UUID) -> dict[str, Any]:
    """The wish, when they were last seen, and their visits of the last weeks, newest first."""
    mine = Presence.objects.filter(pk=user_id).values("mode", "last_seen_at").first()
    visits = PastVisit.objects.filter(user_id=user_id).order_by("-id")
    names = ("device_kind", "started_at", "ended_at")
    return {**(mine or {}), "visits": list(visits.values(*names))}
