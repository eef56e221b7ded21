"""What staff are to look at."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from pairly.moderation.classifier import Verdict

__all__ = ["Flag", "open_cases"]


class Flag(msgspec.Struct, frozen=True):
    """What was let through and may not be right, or who tried what was not."""

    target_type: str
    target_id: UUID
    author_id: UUID
    text: str
    verdict: Verdict


def open_cases(flags: Sequence[Flag], now: datetime) -> None:
    """Inside the transaction of what is flagged."""
