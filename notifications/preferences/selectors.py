"""How people wish to be told."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from notifications.kinds import CATEGORIES, Class, Kind
from notifications.models import Preferences

__all__ = ["preferences_of", "shown", "wants"]


def preferences_of(user_ids: Collection[UUID]) -> dict[UUID, Preferences]:
    """Everybody's, the default where nothing was chosen. One query."""
    found = Preferences.objects.in_bulk(list(user_ids))
    return {user_id: found.get(user_id) or Preferences(user_id=user_id) for user_id in user_ids}


def wants(preferences: Preferences, kind: Kind, channel: str) -> bool:
    """Whether the person takes this kind on this channel. What is critical nobody refuses."""
    if not kind.notification_class.may_be_refused:
        return True
    if kind.notification_class == Class.MARKETING and not preferences.marketing:
        return False
    chosen: bool = preferences.choices.get(f"{kind.category}:{channel}", True)
    return chosen


def shown(preferences: Preferences) -> dict[str, Any]:
    """As the wire shows it, and takes it back."""
    quiet = {"start": preferences.quiet_start, "end": preferences.quiet_end}
    return {
        "language": preferences.language,
        "marketing": preferences.marketing,
        "quiet_hours": quiet if preferences.quiet_start else None,
        "categories": {
            one.name: {
                channel: preferences.choices.get(f"{one.name}:{channel}", True)
                for channel in one.channels
            }
            for one in CATEGORIES.values()
        },
    }
