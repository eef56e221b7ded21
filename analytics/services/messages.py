"""Facts of messages, read from messaging and merged into the files of their days.

They neither come through the outbox nor become rows: both would cost more than the chat itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from analytics.models import Day, Progress
from analytics.rows import ERASED, arrow_of
from analytics.services.days import Overtaken, day_row, switch, write_day
from analytics.services.ingest import Fact, rows_of
from messaging.selectors import SentMessage, sent_messages
from pairly.core.db import change_one, run_atomic
from pairly.core.ids import first_id_at

__all__ = ["take_due_messages", "take_messages"]

LAG: Final = timedelta(minutes=2)
"""Longer than any transaction that sends a message: no id below this age comes any more."""
READ_AT_ONCE: Final = 5_000
MERGED_AT_ONCE: Final = 20_000
"""Seconds of work: a server that stops waits for it."""
EVENTS_PER_MINUTE: Final = 100_000
PAUSE_MINUTES_MAX: Final = 10
"""A day's file is written anew after as many minutes as it has so many events, at most these."""
MESSAGES: Final = "messages"


def take_due_messages(now: datetime) -> int:
    """Take the next messages, a bounded number, unless today's file is large and was written
    lately; how many."""
    today = Day.objects.filter(day=now.date()).first()
    if today:
        minutes = min(today.events / EVENTS_PER_MINUTE, PAUSE_MINUTES_MAX)
        if now - today.changed_at < timedelta(minutes=minutes):
            return 0
    return _take_some(now)


def take_messages(now: datetime) -> int:
    """Take every message that is old enough and was not taken yet; how many."""
    taken = 0
    while count := _take_some(now):
        taken += count
    return taken


def _take_some(now: datetime) -> int:
    """Killed in between, or two at once: what was taken is read again, and is in its file then."""
    up_to, after, taken = first_id_at(now - LAG), _taken_up_to(), 0
    by_day: dict[date, list[pa.Table]] = defaultdict(list)
    while taken < MERGED_AT_ONCE and (
        messages := sent_messages(after=after, up_to=up_to, limit=READ_AT_ONCE)
    ):
        _sort_into(by_day, messages)
        after = messages[-1].id
        taken += len(messages)
    try:
        for day, tables in sorted(by_day.items()):
            _merge(day, pa.concat_tables(tables), now)
    except Overtaken:
        return 0  # another task writes the same day; the next run begins here again
    if after is not None and taken:
        _note(after)
    return taken


def _sort_into(by_day: dict[date, list[pa.Table]], messages: Sequence[SentMessage]) -> None:
    facts = [fact for one in messages if not one.is_withheld for fact in _facts(one)]
    events = rows_of(facts)
    for day in {event[-1] for event in events}:
        table = arrow_of([event for event in events if event[-1] == day])
        by_day[date.fromisoformat(day)].append(table)


def _merge(day: date, events: pa.Table, now: datetime) -> None:
    row = day_row(day, now)
    # Who was forgotten since the messages were read; an erasure from here on changes the row.
    gone = ERASED.select("id", pc.unique(events["user_id"]).to_pylist())
    switch(row, write_day(row, added=events, without=[UUID(hex=one) for (one,) in gone]), now=now)


def _facts(message: SentMessage) -> list[Fact]:
    key, sender, at = str(message.id), message.sender_id, message.created_at
    is_first = message.seq == 1
    facts = [Fact(key, sender, "message.sent", at, {"kind": message.kind, "first": is_first})]
    if is_first:
        facts.append(Fact(key, sender, "conversation.opened", at, {}))
    if message.price:
        spent = {"credits": message.price, "for": "message"}
        facts.append(Fact(f"message:{key}", sender, "credits.spent", at, spent))
    return facts


def _taken_up_to() -> UUID | None:
    return Progress.objects.filter(pk=MESSAGES).values_list("last_id", flat=True).first()


def _note(last_id: UUID) -> None:
    def note() -> None:
        if not change_one(Progress.objects.filter(pk=MESSAGES), last_id=last_id):
            Progress.objects.create(pk=MESSAGES, last_id=last_id)

    run_atomic(note)
