"""Events that tests make, and what the views must say of them by plain Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from analytics.arrivals import Arrival, event_id, look_at
from analytics.frames import open_reports
from analytics.services.ingest import ingest
from pairly.core import clock
from pairly.core.batching import events_writer

__all__ = ["SCREEN", "Told", "at", "send"]

SCREEN = "screen_viewed"
PROPS: dict[str, dict[str, Any]] = {SCREEN: {"screen": "home"}, "session_ended": {"seconds": 60}}


def at(day: date, second: int = 0) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(seconds=second)


def send(user_id: UUID, *events: tuple[str, str, datetime], now: datetime) -> Any:
    """``(client id, name, time)`` of each."""
    wire = [
        {
            "id": client_id,
            "name": name,
            "at": clock.to_rfc3339(moment),
            "props": PROPS.get(name, {}),
        }
        for client_id, name, moment in events
    ]
    arrival: Arrival = look_at(user_id=user_id, events=wire, sent_at=None, platform="web", now=now)
    return events_writer.call(ingest, arrival)


@dataclass
class Told:
    """What was taken, by id. Names other than session_ended are activity."""

    events: dict[str, tuple[UUID, str, datetime]] = field(default_factory=dict)

    def add(self, user_id: UUID, *events: tuple[str, str, datetime]) -> None:
        for client_id, name, moment in events:
            self.events.setdefault(event_id(user_id.hex, client_id), (user_id, name, moment))

    def forget(self, user_id: UUID) -> None:
        self.events = {key: event for key, event in self.events.items() if event[0] != user_id}

    def check(self, first: date, last: date) -> None:
        """Every view says what these events say, neither more nor less."""
        activity: set[tuple[date, UUID]] = set()
        counts: dict[tuple[date, str], list[UUID]] = defaultdict(list)
        for user_id, name, moment in self.events.values():
            counts[moment.date(), name].append(user_id)
            if name != "session_ended":
                activity.add((moment.date(), user_id))
        with open_reports(first, last) as reports:
            found = reports.execute("SELECT event_id, user_id, name, events.at FROM events")
            rows = sorted((row[0].hex, *row[1:]) for row in found.fetchall())
            assert rows == sorted(
                (key, user_id, name, moment.replace(tzinfo=None))
                for key, (user_id, name, moment) in self.events.items()
            )
            active = reports.execute("FROM daily_activity").fetchall()
            assert len(active) == len(set(active))
            assert set(active) == activity
            counted = reports.execute("FROM daily_counts").fetchall()
            assert sorted(counted) == sorted(
                (day, name, len(users), len(set(users))) for (day, name), users in counts.items()
            )
