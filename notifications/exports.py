"""What notifications add to a person's own data."""

from typing import Any
from uuid import UUID

from notifications.models import Notification
from notifications.preferences.selectors import preferences_of, shown
from pairly.core import clock

__all__ = ["notifications_export", "preferences_export"]


def notifications_export(user_id: UUID) -> list[dict[str, Any]]:
    """Everything that the person was told and that is kept, oldest first."""
    rows = Notification.objects.filter(user_id=user_id).order_by("id")
    return [
        {
            "kind": row.kind,
            "title": row.title,
            "body": row.body,
            "created_at": clock.to_rfc3339(row.created_at),
            "read_at": clock.to_rfc3339(row.read_at) if row.read_at else None,
        }
        for row in rows.iterator()
    ]


def preferences_export(user_id: UUID) -> dict[str, Any]:
    return shown(preferences_of([user_id])[user_id])
