"""How many people take steps one after the other, how many are lost at each, and how long it takes.

A person's events are in the order of their time, those of one instant in the order of their ids. An
attempt begins with an event of the first step within the days asked about. Each further step is the
first fitting event after the one before, and no later than the window after the attempt's
beginning; so the same event never counts for two steps. An attempt with an excluded event between
its beginning and its end does not count: its end is its last step, or the window's where it did not
get there. Of a person's attempts the one counts that gets farthest, and of such the earliest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from analytics.reports.spans import Span
from analytics.reports.sql import (
    PEOPLE_COLUMNS,
    UNKNOWN,
    Connection,
    Json,
    in_span,
    moment_text,
    property_text,
    ratio,
    rows_of,
    value_text,
)

__all__ = ["STEPS_MAX", "Funnel", "Step", "funnel", "funnel_until"]

STEPS_MAX: Final = 8
VALUES_MAX: Final = 20
OTHER: Final = "other"
PLACES_MAX: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An event, and what one of its properties must be where ``property`` names one."""

    name: str
    property: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.property}={self.value}" if self.property else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """``by``: a column of people, or a property of the first step's event, to tell apart by."""

    steps: tuple[Step, ...]
    window: timedelta
    exclusions: tuple[Step, ...] = ()
    by: str = ""


def funnel_until(span: Span, asked: Funnel) -> datetime:
    """Until when events matter: the last attempt may go on for its whole window."""
    return span.ends_at + asked.window


def funnel(connection: Connection, span: Span, asked: Funnel) -> list[Json]:
    """A row for each step (and value of ``by``; the rarest of many values are ``other``).

    ``people`` reached the step; ``dropped`` reached the one before and not this; ``waiting`` of
    these may still, since their window is open. ``median_seconds`` and ``p90_seconds`` are from the
    step before: the least time within which half, and nine tenths, of who took the step took it.
    """
    texts = {f"name_{n}": one.name for n, one in enumerate(_conditions(asked))}
    texts |= {f"value_{n}": one.value for n, one in enumerate(_conditions(asked)) if one.property}
    count = len(asked.steps)
    rows = []
    for value, *counted in rows_of(connection, _sql(span, asked), **texts):
        of_steps = [counted[4 * n : 4 * n + 4] for n in range(count)]
        rows += _rows(asked, value, of_steps)
    return rows


def _rows(asked: Funnel, value: str, of_steps: list[list[Any]]) -> list[Json]:
    entered = of_steps[0][0]
    before = entered
    rows = []
    for place, (people, waiting, median, p90) in enumerate(of_steps):
        rows.append(
            {
                "value": value,
                "step": place + 1,
                "event": f"{asked.steps[place]}",
                "people": people,
                "dropped": before - people,
                "waiting": waiting,
                "rate_from_first": ratio(people, entered),
                "rate_from_previous": ratio(people, before),
                "median_seconds": _seconds(median),
                "p90_seconds": _seconds(p90),
            }
        )
        before = people
    return rows


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _conditions(asked: Funnel) -> list[Step]:
    return [*asked.steps, *asked.exclusions]


def _sql(span: Span, asked: Funnel) -> str:
    parts = [
        f"entered AS MATERIALIZED ({_entered(span, asked)})",
        f"fitting AS MATERIALIZED ({_fitting(asked)})",
        f"reached_1 AS ({_attempts(span)})",
        *(f"reached_{n} AS ({_next_step(asked, n)})" for n in range(2, len(asked.steps) + 1)),
        f"standing AS ({_standing(asked)})",
        f"best AS MATERIALIZED ({_best(asked)})",
        f"often AS (SELECT value FROM best GROUP BY value ORDER BY count(*) DESC, value "
        f"LIMIT {VALUES_MAX})",
        f"told AS (SELECT * REPLACE (CASE WHEN value IN (FROM often) THEN value "
        f"ELSE '{OTHER}' END AS value) FROM best)",
    ]
    columns = ", ".join(_counted(span, asked, n) for n in range(1, len(asked.steps) + 1))
    return f"""
        WITH {", ".join(parts)}
        SELECT value, {columns} FROM told GROUP BY value ORDER BY count(*) DESC, value
    """


def _entered(span: Span, asked: Funnel) -> str:
    """Who took the first step, and between which times their attempts lie."""
    return f"""
        SELECT user_id, min("at") AS first_at, max("at") + {_window(asked)} AS until
        FROM events WHERE {_test(0, asked.steps[0])} AND {in_span(span)} GROUP BY user_id
    """


def _fitting(asked: Funnel) -> str:
    """Every event of theirs that fits a step or an exclusion, each person's numbered in the order
    that counts."""
    tests = [_test(n, one) for n, one in enumerate(_conditions(asked))]
    steps = [f"{test} AS is_{n + 1}" for n, test in enumerate(tests[: len(asked.steps)])]
    excluded = " OR ".join(tests[len(asked.steps) :]) or "FALSE"
    is_of_event = asked.by and asked.by not in PEOPLE_COLUMNS
    value = property_text(asked.by) if is_of_event else "''"
    return f"""
        SELECT events.user_id, "at", {value} AS value, {", ".join(steps)},
               {excluded} AS is_excluded,
               row_number() OVER (PARTITION BY events.user_id ORDER BY "at", event_id)
                   AS place
        FROM events JOIN entered ON entered.user_id = events.user_id
        WHERE ({" OR ".join(tests)}) AND "at" BETWEEN first_at AND until
    """


def _test(n: int, one: Step) -> str:
    if not one.property:
        return f"name = $name_{n}"
    return f"(name = $name_{n} AND coalesce({property_text(one.property)} = $value_{n}, FALSE))"


def _attempts(span: Span) -> str:
    return f"""
        SELECT user_id, value, place AS place_1, "at" AS at_1 FROM fitting
        WHERE is_1 AND "at" < {moment_text(span.ends_at)}
    """


def _next_step(asked: Funnel, n: int) -> str:
    """The first fitting event after the step before, where the attempt's window still holds it."""
    window = _window(asked)
    return f"""
        SELECT reached.*, CASE WHEN next."at" <= at_1 + {window} THEN next.place END AS place_{n},
               CASE WHEN next."at" <= at_1 + {window} THEN next."at" END AS at_{n}
        FROM reached_{n - 1} AS reached
        ASOF LEFT JOIN (SELECT user_id, place, "at" FROM fitting WHERE is_{n}) AS next
            ON reached.user_id = next.user_id AND reached.place_{n - 1} < next.place
    """


def _standing(asked: Funnel) -> str:
    """The attempts without an excluded event in them."""
    last = len(asked.steps)
    if not asked.exclusions:
        return f"SELECT * FROM reached_{last}"
    return f"""
        SELECT reached.* FROM reached_{last} AS reached
        ASOF LEFT JOIN (SELECT user_id, place, "at" FROM fitting WHERE is_excluded) AS excluded
            ON reached.user_id = excluded.user_id AND reached.place_1 < excluded.place
        WHERE excluded.place IS NULL OR CASE WHEN place_{last} IS NULL
            THEN excluded."at" > at_1 + {_window(asked)}
            ELSE excluded.place > place_{last} END
    """


def _best(asked: Funnel) -> str:
    """One attempt of each person, with ``last_at``, when the latest began."""
    count = len(asked.steps)
    reached = " + ".join(f"(at_{n} IS NOT NULL)::BIGINT" for n in range(1, count + 1))
    times = ", ".join(f"best.at_{n} AS at_{n}" for n in range(1, count + 1))
    packed = ", ".join(f"at_{n} := at_{n}" for n in range(1, count + 1))
    value = value_text(asked.by) if asked.by in PEOPLE_COLUMNS else "best.value"
    return f"""
        SELECT {times}, last_at, coalesce({value}, '{UNKNOWN}') AS value
        FROM (
            SELECT user_id, max(at_1) AS last_at,
                   min_by(struct_pack(value := value, {packed}),
                          ({count} - ({reached})) * {PLACES_MAX} + place_1) AS best
            FROM standing GROUP BY user_id
        ) AS attempts LEFT JOIN people ON people.user_id = attempts.user_id
    """


def _counted(span: Span, asked: Funnel, n: int) -> str:
    """People, who may still take the step, and the two times, for one step."""
    if n == 1:
        return "count(*), 0, NULL, NULL"
    took = f"epoch_ms(at_{n}) - epoch_ms(at_{n - 1})"
    return f"""
        count(at_{n}),
        count(*) FILTER (at_{n - 1} IS NOT NULL AND at_{n} IS NULL
                         AND last_at + {_window(asked)} > {moment_text(span.now)}),
        quantile_disc({took}, 0.5), quantile_disc({took}, 0.9)
    """


def _window(asked: Funnel) -> str:
    return f"INTERVAL {asked.window // timedelta(milliseconds=1)} MILLISECONDS"
