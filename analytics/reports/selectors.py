"""Reading reports."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from threading import BoundedSemaphore
from typing import Any, Final, NamedTuple
from uuid import UUID

from analytics.frames import open_reports
from analytics.models import Day, Event
from analytics.reports.features import usage
from analytics.reports.kinds import Kind, Options
from analytics.reports.models import SavedReport
from analytics.reports.spans import Span
from analytics.reports.sql import Connection, Json, day_text, rows_of
from pairly.core.errors import NotFound, TryAgain

__all__ = [
    "EXPORTS",
    "Asked",
    "Found",
    "run",
    "run_all",
    "saved_report",
    "saved_reports",
    "turn",
    "usage_of",
    "utc_days",
]

REPORTS: Final = BoundedSemaphore(2)
EXPORTS: Final = BoundedSemaphore(1)
"""How many at once in a process. Who downloads slowly holds up no report."""
WAIT_SECONDS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A report that somebody wants to see; ``compare``: with the days before these as well."""

    kind: Kind
    span: Span
    options: Options
    compare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``previous`` has the rows of as many days just before, where they were asked for.
    ``erased_people``: the events of so many, or more, were in these days and are gone."""

    rows: list[Json]
    previous: list[Json] | None
    erased_people: int


def run(asked: Asked) -> Found:
    """Must not be called inside a transaction."""
    return run_all([asked])[0]


def run_all(asked: Sequence[Asked]) -> list[Found]:
    """Several reports from one look at the events, so that they agree; what two read alike is read
    once. Must not be called inside a transaction."""
    wanted = [_Wanted(one.kind, one.span, one.options) for one in asked]
    before = [
        _Wanted(one.kind, one.span.before(), one.options) if one.compare else None for one in asked
    ]
    spans = [one.kind.reads(one.span, one.options) for one in (*wanted, *before) if one]
    first, last = min(one.first for one in spans), max(one.last for one in spans)
    with _opened(asked[0].span.moved(first, last)) as connection:
        look = _Look(connection)
        return [
            Found(
                rows=look.rows(one),
                previous=look.rows(other) if other else None,
                erased_people=_erased(connection, one.span),
            )
            for one, other in zip(wanted, before, strict=True)
        ]


class _Wanted(NamedTuple):
    kind: Kind
    span: Span
    options: Options


class _Look:
    """What was read already, by who read it and for what."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[Any, Any] = {}

    def rows(self, wanted: _Wanted) -> list[Json]:
        kind, span, options = wanted
        key = (kind.read, span, tuple(sorted(options.items())))
        if key not in self._found:
            self._found[key] = kind.read(self._connection, span, **options)
        return kind.told(self._found[key], span, options)


def usage_of(user_id: UUID, span: Span) -> Json:
    with _opened(span) as connection:
        return usage(connection, span, user_id)


def saved_reports() -> "list[SavedReport]":
    """By name; there are never many."""
    return list(SavedReport.objects.order_by("name"))


def saved_report(report_id: UUID) -> SavedReport:
    """Raises ``NotFound``."""
    found = SavedReport.objects.filter(pk=report_id).first()
    if found is None:
        raise NotFound
    return found


@contextmanager
def _opened(span: Span) -> Iterator[Connection]:
    """The days of UTC that hold these days, none before the first that is kept."""
    first, last = utc_days(span)
    with turn(REPORTS), open_reports(min(max(first, kept_since(span)), last), last) as connection:
        yield connection


def utc_days(span: Span) -> tuple[date, date]:
    """The first and the last day of UTC that have a moment in these days."""
    last_moment = span.ends_at - timedelta(milliseconds=1)
    return span.starts_at.astimezone(UTC).date(), last_moment.astimezone(UTC).date()


@contextmanager
def turn(slots: BoundedSemaphore) -> Iterator[None]:
    """Each takes memory and processors, so few are made at once. Raises ``TryAgain`` for who waited
    in vain."""
    if not slots.acquire(timeout=WAIT_SECONDS_MAX):
        raise TryAgain("Others are reading reports; try again in a moment.")
    try:
        yield
    finally:
        slots.release()


def kept_since(span: Span) -> date:
    """The oldest day of UTC of which there are events."""
    moved = Day.objects.order_by("day").values_list("day", flat=True).first()
    held = Event.objects.order_by("at").values_list("at", flat=True).first()
    days = [moved or span.last, held.astimezone(UTC).date() if held else span.last]
    return min(days)


def _erased(connection: Connection, span: Span) -> int:
    """The most on one day: a day knows how many they were and no more who."""
    found = rows_of(
        connection,
        "SELECT coalesce(max(people), 0) FROM erasures "
        f"WHERE day BETWEEN {day_text(span.first)} AND {day_text(span.last)}",
    )
    return int(found[0][0])
