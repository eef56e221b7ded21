"""Somebody's events go, from rows and from files.

An erasure is a row: from then on nothing of that person is taken. It is carried out when every
transaction that did not see the row is over, and it is done when no file and no row has anything
left; a day of which something went says of how many people.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError

from analytics.engine import EVENT_COLUMNS, connect, show_files
from analytics.models import CompletedProfile, Day, Erasure, Event, SetAside
from analytics.people import forget_in_file
from analytics.rows import arrow_of
from analytics.services.days import Overtaken, day_row, switch, write_day
from pairly.accounts.selectors import staff_ids
from pairly.core.db import change_one, run_atomic

__all__ = ["erase_due", "erase_now", "forget_staff", "request_erasure"]

PAUSE: Final = timedelta(minutes=1)
"""Longer than any transaction that stores events."""
PEOPLE_AT_ONCE: Final = 100
TRIES_MAX: Final = 10
ONE_DAY: Final = timedelta(days=1)


def request_erasure(user_id: UUID, now: datetime) -> None:
    """Again it changes nothing."""
    if Erasure.objects.filter(pk=user_id).exists():
        return
    with suppress(IntegrityError):  # somebody else asked for the same
        run_atomic(lambda: Erasure.objects.create(pk=user_id, requested_at=now))


def forget_staff(now: datetime) -> None:
    """Whoever has become staff counts no more, not even with what they did before."""
    staff = set(staff_ids())
    known = Erasure.objects.filter(pk__in=staff).values_list("pk", flat=True)
    for user_id in staff - set(known):
        request_erasure(user_id, now)


def erase_due(now: datetime) -> int:
    """Carry out the erasures that are old enough; of how many people."""
    due = Erasure.objects.filter(done_at=None, requested_at__lte=now - PAUSE)
    erased = 0
    while ids := list(due.order_by("requested_at").values_list("pk", flat=True)[:PEOPLE_AT_ONCE]):
        erase_now(ids, now)
        erased += sum(_done(user_id, now) for user_id in ids)
    return erased


def erase_now(user_ids: Sequence[UUID], now: datetime) -> None:
    """Take everything of some people out of rows and files; again it finds nothing."""
    for day in _days_of(user_ids):
        _erase_from(day, user_ids, now)
    forget_in_file(user_ids)
    run_atomic(lambda: SetAside.objects.filter(user_id__in=user_ids).delete())
    run_atomic(lambda: CompletedProfile.objects.filter(pk__in=user_ids).delete())


def _done(user_id: UUID, now: datetime) -> bool:
    waiting = Erasure.objects.filter(pk=user_id, done_at=None)
    return run_atomic(lambda: change_one(waiting, done_at=now))


def _days_of(user_ids: Sequence[UUID]) -> list[date]:
    """Rows first: what is moved in between is in a file that is looked at after."""
    rows = Event.objects.filter(user_id__in=user_ids).values_list("at", flat=True)
    days = {at.date() for at in rows.iterator()}
    names = list(Day.objects.exclude(events_file="").values_list("events_file", flat=True))
    with connect() as connection:
        show_files(connection, "stored", names, EVENT_COLUMNS)
        found = connection.execute(
            "SELECT DISTINCT day FROM stored WHERE user_id IN (SELECT unnest(?::UUID[]))",
            [list(user_ids)],
        ).fetchall()
    return sorted(days | {day for (day,) in found})


def _erase_from(day: date, user_ids: Sequence[UUID], now: datetime) -> None:
    for _try in range(TRIES_MAX):
        row = day_row(day, now)
        begin = datetime.combine(day, time(), UTC)
        rows = dict(
            Event.objects.filter(
                user_id__in=user_ids, at__gte=begin, at__lt=begin + ONE_DAY
            ).values_list("pk", "user_id")
        )
        people = set(rows.values()) | _in_file(row, user_ids)
        if not people:
            return
        written = write_day(row, added=arrow_of([]), without=user_ids)
        try:
            switch(row, written, now=now, deleted=list(rows), erased_people=len(people))
        except Overtaken:
            continue
        return
    raise Overtaken(f"{day} was changed by others again and again")


def _in_file(day: Day, user_ids: Sequence[UUID]) -> set[UUID]:
    with connect() as connection:
        show_files(connection, "stored", [n for n in (day.events_file,) if n], EVENT_COLUMNS)
        found = connection.execute(
            "SELECT DISTINCT user_id FROM stored WHERE user_id IN (SELECT unnest(?::UUID[]))",
            [list(user_ids)],
        ).fetchall()
    return {user_id for (user_id,) in found}
