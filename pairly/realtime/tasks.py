"""Background work on event logs."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.table import Table
from pairly.realtime.models import Event, Feed, event_key

__all__ = ["trim_events"]

FEEDS = Table(Feed, "user_id", "position", "trimmed_position")
EVENTS = Table(Event, "id", "created_at")
FEEDS_PER_PAGE = 500


def trim_events() -> int:
    """Drop events older than ``EVENT_LOG_DAYS`` from every log; how many there were.

    Walks all logs once, a transaction per log, so that no writer waits for long.
    """
    horizon = clock.now() - timedelta(days=settings.EVENT_LOG_DAYS)
    dropped = 0
    last: UUID | None = None
    while page := FEEDS.range("user_id", after=last, limit=FEEDS_PER_PAGE):
        for user_id, position, trimmed in page:
            if position > trimmed:
                dropped += run_atomic(partial(_trim_feed, user_id, horizon))
        last = page[-1][0]
    return dropped


def _trim_feed(user_id: UUID, horizon: datetime) -> int:
    """Drop the old head of one log and note how far it goes."""
    ((_user_id, position, trimmed),) = FEEDS.select("user_id", [user_id])
    kept = EVENTS.range(
        "id",
        after=event_key(user_id, trimmed),
        up_to=event_key(user_id, position),
        limit=max(1, position - trimmed),
    )
    old = [key for key, created_at in kept if created_at < horizon]
    if old:
        EVENTS.delete("id", old)
        FEEDS.compare_and_set(
            "user_id",
            expected=("position", "trimmed_position"),
            new=("trimmed_position",),
            rows=[(user_id, position, trimmed, trimmed + len(old))],
        )
    return len(old)
