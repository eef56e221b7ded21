"""Pending events on their way into the files of their days."""

from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count

from analytics.models import Day, Event
from analytics.rows import EVENTS, arrow_of
from analytics.services.days import Overtaken, day_row, switch, write_day, write_rollups

__all__ = ["move_all", "move_due", "rebuild_rollups"]

MOVED_AT_ONCE: Final = 5_000
"""The switch marks so many rows in one transaction, and other writers wait for it."""
ONE_DAY: Final = timedelta(days=1)


def move_due(now: datetime) -> int:
    """Move what is worth writing a file anew: many events of a day, or those of a day that is over
    and whose file is old enough. How many events were moved."""
    return sum(_move(day, now) for day, count in _pending_days() if _is_due(day, count, now))


def move_all(now: datetime) -> int:
    """Move everything that is pending."""
    return sum(_move(day, now) for day, _count in _pending_days())


def rebuild_rollups(day: Day, now: datetime) -> bool:
    """Make a day's roll-ups anew from its file; whether they had been others, or missing."""
    written = write_rollups(day)
    if written.rollups_sha256 == day.rollups_sha256:
        return False
    switch(day, written, now=now)
    return True


def _pending_days() -> list[tuple[date, int]]:
    pending = Event.objects.filter(pending_day__gt="").values("pending_day")
    counts = pending.annotate(count=Count("pk")).order_by("pending_day")
    return [(date.fromisoformat(row["pending_day"]), row["count"]) for row in counts]


def _is_due(day: date, count: int, now: datetime) -> bool:
    if count >= settings.ANALYTICS_PENDING_EVENTS_MAX:
        return True
    if day >= now.date():
        return False
    row = Day.objects.filter(day=day).first()
    pause = timedelta(minutes=settings.ANALYTICS_LATE_EVENTS_MINUTES)
    return row is None or not row.events_file or row.changed_at <= now - pause


def _move(day: date, now: datetime) -> int:
    """All of a day's pending events, a bounded number at once; those that come meanwhile too."""
    moved = 0
    while count := _move_some(day, now):
        moved += count
    return moved


def _move_some(day: date, now: datetime) -> int:
    row = day_row(day, now)
    before, name = (day - ONE_DAY).isoformat(), day.isoformat()
    pending = EVENTS.range("pending_day", after=before, up_to=name, limit=MOVED_AT_ONCE)
    if not pending:
        return 0
    written = write_day(row, added=arrow_of(pending))
    try:
        switch(row, written, now=now, moved=[event[0] for event in pending])
    except Overtaken:
        return 0
    return len(pending)
