"""Reading logs: positions and what lies after them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from pairly.core.errors import NotAuthenticated
from pairly.core.table import Row, Table
from pairly.realtime.models import Event, Feed, event_key

__all__ = [
    "Catchup",
    "LoggedEvent",
    "SignIn",
    "catch_up",
    "events_at",
    "heartbeat_positions",
]

FEEDS = Table(Feed, "user_id", "position", "trimmed_position")
POSITIONS = Table(Feed, "user_id", "position", hex_ids=True)
EVENTS = Table(Event, "id", "type", "data")

SignIn = tuple[str, str]
"""A user and a device of theirs, each as 32 hex digits, which cost less to look up than UUIDs."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One row of a log; ``data`` is JSON."""

    position: int
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Catchup:
    """What follows a position. ``position`` is where the reader stands after these events;
    ``resync`` says that the log no longer reaches back and state must be fetched afresh."""

    position: int
    resync: bool
    events: list[LoggedEvent]


def catch_up(user_id: UUID, since: int) -> Catchup:
    """The events after a position, oldest first, at most ``SYNC_EVENTS_MAX`` at a time and, of
    long ones, no more than ``SYNC_CHARACTERS_MAX`` hold, so that an answer never fills a queue."""
    ((_user_id, newest, trimmed),) = FEEDS.select("user_id", [user_id])
    if not trimmed <= since <= newest:
        return Catchup(newest, True, [])
    rows = EVENTS.range(
        "id",
        after=event_key(user_id, since),
        up_to=event_key(user_id, newest),
        limit=settings.SYNC_EVENTS_MAX,
    )
    events = _fitting(_logged(row) for row in rows)
    position = events[-1].position if events else since
    if position != since + len(events) or (newest > since and not events):
        # Trimmed between the two reads, or within the second one.
        return Catchup(newest, True, [])
    return Catchup(position, False, events)


def events_at(places: Collection[tuple[UUID, int]]) -> list[tuple[UUID, LoggedEvent]]:
    """The event at each of these positions of people's logs, as far as it is kept, each person's
    in order; one query."""
    rows = sorted(EVENTS.select("id", [event_key(*place) for place in places]))
    return [(UUID(hex=row[0][:32]), _logged(row)) for row in rows]


def _logged(row: Row) -> LoggedEvent:
    key, kind, data = row
    return LoggedEvent(int(key[32:], 16), kind, data)


def _fitting(events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
    """As many from the front as may be answered at once, and at least one."""
    fitting: list[LoggedEvent] = []
    characters_left: int = settings.SYNC_CHARACTERS_MAX
    for event in events:
        characters_left -= len(event.data)
        if fitting and characters_left < 0:
            break
        fitting.append(event)
    return fitting


def heartbeat_positions(requests: Sequence[SignIn]) -> list[int | NotAuthenticated]:
    """For pairs of user and device, in hex: the newest position, or an error where the device was
    signed out or its account may not act. Three queries for any number of pairs."""
    users, devices = zip(*requests, strict=True) if requests else ((), ())
    positions: dict[str, int] = dict(POSITIONS.select("user_id", set(users)))
    states = import_string(settings.REALTIME_ACCOUNT_STATES)
    signed_in = states(set(devices))
    return [
        positions[user_id] if device_id in signed_in else NotAuthenticated()
        for user_id, device_id in requests
    ]
