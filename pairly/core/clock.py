"""Time: always aware, always UTC, cut to the milliseconds that MongoDB keeps."""

import time
from datetime import UTC, datetime, timedelta

__all__ = ["EPOCH", "from_milliseconds", "now", "to_milliseconds", "to_rfc3339"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """The current time. Take it once per operation and hand it down."""
    return from_milliseconds(time.time_ns() // 1_000_000)


def from_milliseconds(milliseconds: int) -> datetime:
    return EPOCH + milliseconds * MILLISECOND


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 in UTC; exact, no floating point."""
    return (moment - EPOCH) // MILLISECOND


def to_rfc3339(moment: datetime) -> str:
    """The wire form of every time: ``2026-01-31T12:00:00.123Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
