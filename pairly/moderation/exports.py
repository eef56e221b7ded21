"""What moderation adds to a person's own data."""

from typing import Any
from uuid import UUID

from pairly.moderation.selectors import notices_of

__all__ = ["notices_export"]


def notices_export(user_id: UUID) -> list[dict[str, Any]]:
    names = ("id", "target_type", "target_id", "measures", "reason", "text", "created_at")
    return [dict(row) for row in notices_of(user_id).values(*names)]
