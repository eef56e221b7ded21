"""Who looks at Pairly right now, and so needs no push and no mail of what the screen shows."""

from collections.abc import Collection
from uuid import UUID

from pairly.realtime.connections import hub

__all__ = ["active_users"]


def active_users(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who have an active device now."""
    return {user_id for user_id in user_ids if hub.of(user_id)}
