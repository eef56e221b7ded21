"""Pieces of SQL that reports have in common. What comes from outside is a parameter, never text;
days and times are written by what has made them, so they need none.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from analytics.reports.spans import ONE_DAY, Span

__all__ = [
    "PEOPLE_COLUMNS",
    "UNKNOWN",
    "Connection",
    "Json",
    "active_days",
    "day_text",
    "in_span",
    "local_day",
    "moment_text",
    "period_text",
    "periods_between",
    "properties_text",
    "property_text",
    "ratio",
    "rows_of",
    "value_text",
    "values_text",
]

Connection = Any
"""A ``duckdb.DuckDBPyConnection`` with the views of ``analytics.frames``."""
Json = dict[str, Any]

PEOPLE_COLUMNS: Final = ("country", "platform")
"""What is known of people, by which they may be told apart."""

UNKNOWN: Final = "unknown"
RATIO_DIGITS: Final = 6


def rows_of(connection: Connection, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(sql, parameters or None).fetchall()
    return found


def ratio(part: float | None, whole: int | None, digits: int = RATIO_DIGITS) -> float | None:
    """None where there is no whole."""
    return round(part / whole, digits) if whole and part is not None else None


def day_text(day: date) -> str:
    return f"DATE '{day:%Y-%m-%d}'"


def moment_text(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def in_span(span: Span, column: str = '"at"') -> str:
    return f"{column} >= {moment_text(span.starts_at)} AND {column} < {moment_text(span.ends_at)}"


def period_text(day: str, interval: str) -> str:
    """The first day of the period that holds ``day``, a date."""
    return day if interval == "day" else f"date_trunc('{interval}', {day})::DATE"


def periods_between(first: str, last: str, period: str) -> str:
    """How many periods after the one that begins on the first day that of the last is."""
    if period == "day":
        return f"({last} - {first})"
    if period == "month":
        return f"datediff('month', {first}, {last})"
    return f"({last} - {first}) // 7"


def active_days(span: Span) -> str:
    """``(day, user_id)``: who was active on which of these days, perhaps several times. Days of UTC
    are rolled up; others are made of the events."""
    if span.is_utc:
        return (
            "SELECT day, user_id FROM daily_activity "
            f"WHERE day BETWEEN {day_text(span.first)} AND {day_text(span.last)}"
        )
    return (
        f"SELECT {local_day(span)} AS day, user_id FROM events WHERE activity AND {in_span(span)}"
    )


def local_day(span: Span, column: str = '"at"') -> str:
    """The day of a moment by the report's clock. A moment before the span gets a day before it, one
    after it a day after it, which may be a day off when the clock was changed between."""
    if span.is_utc:
        return f"{column}::DATE"
    offsets = list(_offsets(span))
    cases = "".join(
        f"WHEN {column} < {moment_text(until)} THEN {seconds} " for until, seconds in offsets[:-1]
    )
    seconds = f"CASE {cases}ELSE {offsets[-1][1]} END" if cases else f"{offsets[-1][1]}"
    return f"({column} + to_seconds({seconds}))::DATE"


def _offsets(span: Span) -> Iterator[tuple[datetime, int]]:
    """How many seconds the clock is ahead of UTC, and until when."""
    moment, end = span.starts_at, span.ends_at
    while moment < end:
        following = min(moment + ONE_DAY, end)
        if _offset(span, moment) != _offset(span, following):
            changed = _change(span, moment, following)
            yield changed, _offset(span, moment)
        moment = following
    yield end, _offset(span, end)


def _change(span: Span, before: datetime, after: datetime) -> datetime:
    """When the clock is changed between these two: the first second of the new time."""
    seconds = int((after - before).total_seconds())
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(span, before + timedelta(seconds=middle)) == _offset(span, before):
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _offset(span: Span, moment: datetime) -> int:
    offset = moment.astimezone(span.zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def value_text(column: str) -> str:
    """What tells people apart: one of ``PEOPLE_COLUMNS`` of ``people``, or nothing."""
    if not column:
        return "''"
    if column not in PEOPLE_COLUMNS:
        raise ValueError(column)
    return f"coalesce(nullif(people.{column}, ''), '{UNKNOWN}')"


def property_text(name: str) -> str:
    """The text of a property of events; the name is one of the registry's, not any text."""
    if not name.isidentifier():
        raise ValueError(name)
    return f"json_extract_string(props, '$.{name}')"


def properties_text(*names: str) -> str:
    """A list of such texts, which reads the JSON once."""
    if not all(name.isidentifier() for name in names):
        raise ValueError(names)
    return f"json_extract_string(props, {[f'$.{name}' for name in names]})"


def values_text(rows: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"({', '.join(row)})" for row in rows)
