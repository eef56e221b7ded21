"""Reads of what arrives: live figures, what was set aside, which days are in files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from analytics.models import Day, Event, SetAside

__all__ = ["LIVE_MINUTES", "Live", "Named", "days_newest_first", "live_numbers", "set_aside"]

LIVE_MINUTES: Final = 30
MOMENT_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    events: int


@dataclass(frozen=True, slots=True)
class Live:
    """Of the last minutes up to now, by the clients' events and the server's, but for messages."""

    at: datetime
    active_people_5_minutes: int
    active_people_30_minutes: int
    events_5_minutes: int
    events_30_minutes: int
    by_name: list[Named]


def live_numbers(now: datetime) -> Live:
    """Counted from the rows of the last half hour, by the index of their time."""
    until = Event.objects.filter(at__lte=now)
    lately = until.filter(at__gt=now - timedelta(minutes=LIVE_MINUTES))
    moment = until.filter(at__gt=now - timedelta(minutes=MOMENT_MINUTES))
    by_name = lately.values("name").annotate(events=Count("pk")).order_by("-events", "name")
    named = [Named(row["name"], row["events"]) for row in by_name]
    return Live(
        at=now,
        active_people_5_minutes=_people(moment),
        active_people_30_minutes=_people(lately),
        events_5_minutes=moment.count(),
        events_30_minutes=sum(one.events for one in named),
        by_name=named,
    )


def _people(events: "QuerySet[Event]") -> int:
    # Not ``Count(distinct=True)``, which on MongoDB fails where there are no rows.
    return events.filter(activity=True).values("user_id").distinct().count()


def set_aside(code: str = "") -> "QuerySet[SetAside]":
    """Order by ``-created_at, -id``, which the indexes serve."""
    rows = SetAside.objects.all()
    return rows.filter(code=code) if code else rows


def days_newest_first() -> "QuerySet[Day]":
    return Day.objects.order_by("-day")
