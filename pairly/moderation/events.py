"""What moderation announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["ModerationDecided"]


@dataclass(frozen=True, slots=True)
class ModerationDecided:
    """A person is to know of a decision about something of theirs; the notice has the words."""

    notice_id: UUID
    user_id: UUID
    target_type: str
    target_id: UUID
    measures: tuple[str, ...]
    reason: str
    at: datetime
