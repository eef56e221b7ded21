"""Facts of messages, read from messaging and merged into the files of their days.

They neither come through the outbox nor become rows: both would cost more than the chat itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from analytics.models import Day, Progress
from analytics.rows import arrow_of
from analytics.services.days import Overtaken, day_row, switch, write_day
from analytics.services.ingest import Fact, rows_of
from messaging.selectors import SentMessage, sent_messages
from pairly.core.db import change_one, run_atomic
from pairly.core.ids import first_id_at

__all__ = ["take_due_messages", "take_messages"]

LAG: Final = timedelta(minutes=2)
"""Longer than any transaction that sends a message: no id below this age comes any more."""
READ_AT_ONCE: Final = 10_000
EVENTS_PER_MINUTE: Final = 100_000
"""A day's file is written anew after as many minutes as it has so many events."""
MESSAGES: Final = "messages"


def take_due_messages(now: datetime) -> int:
    """``take_messages``, unless today's file is large and was written lately."""
    today = Day.objects.filter(day=now.date()).first()
    if today and now - today.changed_at < timedelta(minutes=today.events / EVENTS_PER_MINUTE):
        return 0
    return take_messages(now)


def take_messages(now: datetime) -> int:
    """Take every message that is old enough and was not taken yet; how many.

    Killed in between, or two at once: what was taken is read again, and is in its file already.
    """
    taken, up_to, after = 0, first_id_at(now - LAG), _taken_up_to()
    while messages := sent_messages(after=after, up_to=up_to, limit=READ_AT_ONCE):
        try:
            _merge(messages, now)
        except Overtaken:
            break  # another task writes the same day; the next run goes on from here
        after = messages[-1].id
        _note(after)
        taken += len(messages)
    return taken


def _merge(messages: Iterable[SentMessage], now: datetime) -> None:
    facts = [fact for one in messages if not one.is_withheld for fact in _facts(one)]
    for day in sorted({fact.at.date() for fact in facts}):
        row = day_row(day, now)
        # Who is forgotten is asked after the day's row was read: an erasure since changes the row.
        if events := rows_of([fact for fact in facts if fact.at.date() == day]):
            switch(row, write_day(row, added=arrow_of(events)), now=now)


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
