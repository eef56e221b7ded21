"""Who comes back: cohorts of people by when they started, and how many returned in each period
after that."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from analytics.reports.spans import ONE_DAY, Span, period_of, shift
from analytics.reports.sql import (
    Connection,
    Json,
    active_days,
    in_span,
    local_day,
    period_text,
    periods_between,
    ratio,
    rows_of,
    value_text,
)

__all__ = ["BRACKETS_DEFAULT", "KINDS", "Bracket", "Retention", "cohorts", "retention"]

KINDS: Final = ("n_day", "unbounded", "bracket")
BRACKETS_DEFAULT: Final = ((1, 1), (2, 3), (4, 7), (8, 14), (15, 30))
DAYS_OF: Final = {"day": 1, "week": 7}
SIZE: Final = -1
"""In the column of places: how many the cohort is."""

Bracket = tuple[int, int]
"""The first and the last period of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is asked.

    ``start``: an event, whose first ever makes a person start; empty for the registration.
    ``returning``: an event that counts as coming back; empty for whatever is activity.
    ``cohort``: the interval that people are put together by. ``period``: what is counted in.
    ``rolling``: periods are each person's own 24 hours (or 7 times 24) from the start, instead of
    days of the calendar. ``by``: a column of people to tell apart.
    """

    start: str = ""
    returning: str = ""
    cohort: str = "week"
    period: str = "day"
    kind: str = "n_day"
    rolling: bool = False
    periods: int = 12
    brackets: tuple[Bracket, ...] = BRACKETS_DEFAULT
    by: str = ""

    def cells(self) -> list[Bracket]:
        """The columns of the table: single periods from 0, or brackets of them."""
        if self.kind == "bracket":
            return list(self.brackets)
        return [(n, n) for n in range(self.periods + 1)]

    @property
    def last_period(self) -> int:
        return self.cells()[-1][1]


@dataclass(slots=True)
class _Cohort:
    size: int = 0
    retained: dict[int, int] = field(default_factory=dict)
    """By the place of the cell."""

    def add(self, place: int, people: int, *, is_last: bool) -> None:
        """``is_last``: they count in all the places before it too."""
        for one in range(place + 1) if is_last else (place,):
            self.retained[one] = self.retained.get(one, 0) + people


def cohorts(connection: Connection, span: Span, asked: Retention) -> list[Json]:
    """A row for each cohort (and value of ``by``) and cell, the oldest first.

    ``size`` never changes with the cell. ``retained`` is None while the cell's first period has
    not begun for anybody. ``complete`` says that it is over for everybody: only then can the
    number not grow any more (but for an unbounded one, which may always grow).
    """
    span = span.whole(asked.cohort)
    found = _read(connection, span, asked)
    return [
        row
        for cohort, value in sorted(found)
        for row in _cohort_rows(span, asked, cohort, value, found[cohort, value])
    ]


def retention(rows_of_cohorts: list[Json], span: Span, asked: Retention) -> list[Json]:
    """A row for each cell (and value of ``by``), of all cohorts together for which it is complete:
    ``size`` is how many people that are, so each weighs the same. None where there is no such
    cohort."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    labels = [_label(cell) for cell in asked.cells()]
    values = set()
    for row in rows_of_cohorts:
        values.add(row["value"])
        if row["complete"]:
            total = sums[row["value"], row["n"]]
            total[0] += row["size"]
            total[1] += row["retained"]
    rows = []
    for value in sorted(values):
        for label in labels:
            size, retained = sums.get((value, label), (0, 0))
            rows.append(
                {
                    "value": value,
                    "n": label,
                    "size": size,
                    "retained": retained if size else None,
                    "rate": ratio(retained, size),
                    "complete": size > 0,
                }
            )
    return rows


def _cohort_rows(
    span: Span, asked: Retention, cohort: date, value: str, found: _Cohort
) -> Iterator[Json]:
    is_whole = span.is_period_over(cohort, asked.cohort)
    for place, cell in enumerate(asked.cells()):
        begins, ends = _bounds(span, asked, cohort, cell)
        has_begun = begins <= span.now
        retained = found.retained.get(place, 0) if has_begun else None
        yield {
            "cohort": cohort,
            "value": value,
            "size": found.size,
            "n": _label(cell),
            "retained": retained,
            "rate": ratio(retained, found.size),
            "complete": is_whole and ends <= span.now,
        }


def _label(cell: Bracket) -> str:
    return f"{cell[0]}" if cell[0] == cell[1] else f"{cell[0]}-{cell[1]}"


def _bounds(span: Span, asked: Retention, cohort: date, cell: Bracket) -> tuple[datetime, datetime]:
    """When a cell begins for who may have started first, and ends for who may have last."""
    following = shift(cohort, asked.cohort, 1)
    if asked.rolling:
        length = timedelta(days=DAYS_OF[asked.period])
        begins = span.midnight(cohort) + cell[0] * length
        return begins, span.midnight(following) + (cell[1] + 1) * length
    first = period_of(cohort, asked.period)
    last = period_of(following - ONE_DAY, asked.period)
    begins = span.midnight(shift(first, asked.period, cell[0]))
    return begins, span.midnight(shift(last, asked.period, cell[1] + 1))


def _read(connection: Connection, span: Span, asked: Retention) -> dict[tuple[date, str], _Cohort]:
    """Each person is a row of bits, one a cell, of which there are at most 91."""
    names = {"start": asked.start, "returning": asked.returning}
    counted = rows_of(
        connection,
        f"""
        WITH started AS MATERIALIZED ({_started(span, asked)}),
        returned AS ({_returned(span, asked)}),
        placed AS ({_placed(asked)}),
        people_bits AS (
            SELECT any_value(cohort) AS cohort, any_value(value) AS value,
                   bit_or(1::HUGEINT << place::INTEGER) AS bits
            FROM placed WHERE place IS NOT NULL GROUP BY user_id
        ), alike AS (
            SELECT cohort, value, bits, count(*) AS people FROM people_bits GROUP BY ALL
        ), places AS (SELECT unnest(range({len(asked.cells())})) AS place)
        SELECT cohort, value, {SIZE} AS place, count(*) FROM started GROUP BY cohort, value
        UNION ALL
        SELECT cohort, value, place, sum(people)::BIGINT FROM alike, places
        WHERE bits & (1::HUGEINT << place::INTEGER) <> 0 GROUP BY cohort, value, place
        """,
        **{name: text for name, text in names.items() if text},
    )
    found: dict[tuple[date, str], _Cohort] = defaultdict(_Cohort)
    for cohort, value, place, people in counted:
        if place == SIZE:
            found[cohort, value].size = people
        else:
            found[cohort, value].add(place, people, is_last=asked.kind == "unbounded")
    return found


def _started(span: Span, asked: Retention) -> str:
    """``(user_id, started_at, cohort, period, value)``, a row for each person of a cohort; both
    are of the start, and named by their first days."""
    value = value_text(asked.by)
    if asked.start:
        # The first ever, so that who did it before these days is not taken for new.
        source = f"""
            SELECT user_id, min("at") AS started_at FROM events WHERE name = $start
            GROUP BY user_id HAVING {in_span(span, 'min("at")')}
        """
    else:
        source = f"""
            SELECT user_id, registered_at AS started_at FROM people
            WHERE {in_span(span, "registered_at")}
        """
    return f"""
        SELECT user_id, started_at, {period_text("day", asked.cohort)} AS cohort,
               {period_text("day", asked.period)} AS period, value
        FROM (
            SELECT first.user_id, started_at, {local_day(span, "started_at")} AS day,
                   {value} AS value
            FROM ({source}) AS first LEFT JOIN people ON people.user_id = first.user_id
        )
    """


def _returned(span: Span, asked: Retention) -> str:
    """``(user_id, cohort, value, n)``: in which period, counted from the start, somebody came."""
    seen = span.moved(span.first, max(span.last, span.today))
    matching = "name = $returning" if asked.returning else "activity"
    if asked.rolling:
        milliseconds = DAYS_OF[asked.period] * 86_400_000
        return f"""
            SELECT started.user_id, cohort, value,
                   (epoch_ms(events."at") - epoch_ms(started_at)) // {milliseconds} AS n
            FROM started JOIN events ON events.user_id = started.user_id
            WHERE {matching} AND events."at" >= started_at
        """
    days = active_days(seen)
    if asked.returning:
        days = f"""
            SELECT {local_day(seen)} AS day, user_id FROM events
            WHERE {matching} AND {in_span(seen)}
        """
    return f"""
        SELECT started.user_id, cohort, value,
               {periods_between("started.period", "came.day", asked.period)} AS n
        FROM started JOIN ({days}) AS came ON came.user_id = started.user_id
        WHERE came.day >= started.period
    """


def _placed(asked: Retention) -> str:
    """``(user_id, cohort, value, place)``: in which of the cells. Of an unbounded one only the last
    is told, since a person counts in all before it."""
    if asked.kind == "unbounded":
        return f"""
            SELECT user_id, cohort, value, least(max(n), {asked.last_period}) AS place
            FROM returned GROUP BY user_id, cohort, value
        """
    if asked.kind == "n_day":
        return f"SELECT *, n AS place FROM returned WHERE n <= {asked.last_period}"
    cases = " ".join(
        f"WHEN n BETWEEN {first} AND {last} THEN {place}"
        for place, (first, last) in enumerate(asked.brackets)
    )
    return f"SELECT *, CASE {cases} END AS place FROM returned"
