"""Writing events and sending news.

Durable events are rows of each person's log, written by the transaction of what they tell and
pushed after its commit. Everything else here closes sockets or passes on what is not kept.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import F

from pairly.core.db import on_commit
from pairly.core.table import Row, Table
from pairly.realtime.connections import hub
from pairly.realtime.errors import CloseCode
from pairly.realtime.frames import EVENTS as EVENT_TYPES
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.models import Event, Feed, event_key
from pairly.realtime.news import Disconnect, News, Notice

__all__ = [
    "Append",
    "announce",
    "append",
    "clear_log",
    "close_all",
    "disconnect",
    "forget_logs",
    "give_notice",
    "open_feed",
    "open_feeds",
    "rewrite_events",
    "send_ephemeral",
]

FEEDS = Table(Feed, "user_id", "position", "trimmed_position")
EVENTS = Table(Event, "id", "type", "data", "created_at")

POSITIONS_SKIPPED = 1_000_000_000
"""More than anybody's devices have seen since a backup."""

REWRITTEN_AT_ONCE = 100
CLOCKS_APART = timedelta(minutes=1)
"""So much, at most, by which the clocks of two machines differ."""


class Append(msgspec.Struct, frozen=True):
    """One durable event for one person. ``data`` and ``ack`` are JSON objects; the socket named
    by ``origin`` is sent the ack, every other socket of the person the event."""

    user_id: UUID
    type: str
    data: str
    origin: Origin | None = None
    ack: str = "{}"


def open_feed(user_id: UUID) -> None:
    """Start a new person's log. Call in the transaction that creates the person."""
    open_feeds([user_id])


def open_feeds(user_ids: Iterable[UUID]) -> None:
    FEEDS.insert([(user_id, 0, 0) for user_id in user_ids])


def append(events: Sequence[Append], now: datetime) -> list[int]:
    """Number the events and write them, in order; push them after the commit.

    Returns each event's position in its person's log. Call inside a transaction.
    """
    if not events:
        return []
    unknown = {event.type for event in events} - EVENT_TYPES.keys()
    if unknown:
        raise ValueError(f"events must be registered before they are written: {unknown}")
    feeds = {row[0]: row for row in FEEDS.select("user_id", {event.user_id for event in events})}
    newest = {user_id: position for user_id, position, _trimmed in feeds.values()}
    positions, rows, news = [], [], []
    for event in events:
        position = newest[event.user_id] = newest[event.user_id] + 1
        positions.append(position)
        rows.append((event_key(event.user_id, position), event.type, event.data, now))
        news.append(News(event.user_id, event.type, event.data, position, event.origin, event.ack))
    EVENTS.insert(rows)
    FEEDS.compare_and_set(
        "user_id",
        expected=("position", "trimmed_position"),
        new=("position", "trimmed_position"),
        rows=[
            (*feeds[user_id], position, _trim(user_id, position, feeds[user_id][2]))
            for user_id, position in newest.items()
        ],
    )
    on_commit(lambda: hub.publish(news))
    return positions


def rewrite_events(
    user_ids: Collection[UUID], needle: str, rewrite: Callable[[str], str], *, since: datetime
) -> None:
    """Give the logged events of these people that hold ``needle`` the data that ``rewrite`` makes
    of theirs: what must not be read any more is not read by who catches up either. Looks at what
    was logged from then on, so it costs little for what is recent. Inside a transaction."""
    for user_id, newest, trimmed in FEEDS.select("user_id", user_ids):
        rows = _logged_since(user_id, newest, trimmed, since - CLOCKS_APART)
        changed = [(key, rewrite(data)) for key, _type, data, _at in rows if needle in data]
        EVENTS.compare_and_set("id", expected=(), new=("data",), rows=changed)


def clear_log(user_id: UUID) -> None:
    """Forget all that was told to a person, who leaves. Inside a transaction."""
    ((_user_id, position, trimmed),) = FEEDS.select("user_id", [user_id])
    EVENTS.delete("id", [event_key(user_id, p) for p in range(trimmed + 1, position + 1)])
    FEEDS.compare_and_set(
        "user_id",
        expected=("position", "trimmed_position"),
        new=("trimmed_position",),
        rows=[(user_id, position, trimmed, position)],
    )


def _logged_since(user_id: UUID, newest: int, trimmed: int, since: datetime) -> Iterator[Row]:
    """Newest first, a page at a time."""
    bottom, top = event_key(user_id, trimmed), event_key(user_id, newest)
    while page := EVENTS.range(
        "id", after=bottom, up_to=top, limit=REWRITTEN_AT_ONCE, descending=True
    ):
        yield from page
        key, _type, _data, logged_at = page[-1]
        if logged_at < since:
            return
        top = event_key(user_id, int(key[32:], 16) - 1)


def forget_logs() -> None:
    """Everybody's devices read their state afresh. For a database that was restored: devices have
    seen positions that it does not know, and would take new events there for what they have.

    Call while no server runs.
    """
    beyond = F("position") + POSITIONS_SKIPPED
    Feed.objects.update(position=beyond, trimmed_position=beyond)
    Event.objects.all().delete()


def _trim(user_id: UUID, position: int, trimmed: int) -> int:
    """Keep the log bounded: now and then drop what lies before the last thousand events.

    Done in bulk every ``slack`` events, so it costs next to nothing for each. Returns the newest
    position that is gone.
    """
    keep, slack = settings.EVENT_LOG_EVENTS_MAX, settings.EVENT_LOG_TRIM_EVENTS
    if position - trimmed < keep + slack:
        return trimmed
    EVENTS.delete("id", [event_key(user_id, p) for p in range(trimmed + 1, position - keep + 1)])
    return position - keep


def announce(
    user_ids: Collection[UUID], event_type: str, data: dict[str, Any], now: datetime
) -> None:
    """Write and push the same durable event to each of these people. Inside a transaction."""
    body = to_json(data)
    append([Append(user_id, event_type, body) for user_id in user_ids], now)


def send_ephemeral(
    user_ids: Iterable[UUID],
    event_type: str,
    data: Any,
    *,
    device_id: UUID | None = None,
    except_device_id: UUID | None = None,
) -> None:
    """Push what is not kept: no position, no row, lost when nobody is there. To all devices of
    these people, to one alone, or to all but one."""
    body = to_json(data)
    hub.publish(
        [
            News(
                user_id,
                event_type,
                body,
                device_id=device_id,
                except_device_id=except_device_id,
            )
            for user_id in user_ids
        ]
    )


def disconnect(user_id: UUID, *, code: int, device_id: UUID | None = None) -> None:
    """Close a person's sockets in every process, after the commit if one is under way."""
    on_commit(lambda: hub.publish([Disconnect(user_id, code, device_id)]))


def give_notice(topic: str, data: str) -> None:
    """Tell who listens to the topic in every process, after the commit if one is under way. May be
    lost, so what depends on it also ends with time."""
    on_commit(lambda: hub.publish([Notice(topic, data)]))


async def close_all(code: int = CloseCode.RESTART) -> None:
    """Close every socket of this process and wait until the close frames are out."""
    connections = hub.all()
    for connection in connections:
        connection.close(code)
    await asyncio.gather(*(connection.closed() for connection in connections))
