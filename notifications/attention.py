"""Who looks at Pairly right now, and so needs no push and no mail of what the screen shows."""

from collections.abc import Collection
from uuid import UUID

from presence.selectors import active_ids
from presence.tracker import tracker

__all__ = ["active_here", "active_users"]


def active_users(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who are active on some device now, wherever it is connected."""
    return active_ids(user_ids)


def active_here(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who are on a device of this process; asks nobody."""
    return tracker.active_here(user_ids)
