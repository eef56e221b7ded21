"""Statistics of calls on the staff site."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from calling import staff_calls
from calling.models import Media
from calling.states import Reason, Status
from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_reports import (
    DaysForm,
    Table,
    chart,
    days_form,
    report_page,
    table_row,
)
from pairly.core.days import Days

__all__ = ["STATISTICS", "statistics_view"]

STATISTICS = Page(
    name="call-statistics",
    title="Call statistics",
    permission="analytics.view",
    area="Messaging",
    icon="query_stats",
)
SUMS = ("Calls", "Answered", "Connected", "Talked", "Charged", "Given back")
WORDS = {**dict(Status.choices), **dict(Reason.choices)}
Sums = Mapping[str, Any]


def statistics_view(request: HttpRequest) -> HttpResponse:
    form, days = days_form(DaysForm, request)
    since, until = (datetime.combine(day, time(), UTC) for day in (days.first, days.last))
    found = staff_calls.statistics(since=since, until=until + timedelta(days=1))
    groups, by_day = found["groups"], found["days"]
    tables = [
        Table("How they ended", ("End", *dict(Media.choices).values()), _endings(groups), False),
        Table("By media", ("Media", *SUMS), list(_by(groups, "media", dict(Media.choices)))),
        Table("By day", ("Day", *SUMS), list(_by(by_day, "day"))[::-1]),
    ]
    return report_page(request, STATISTICS, form, _charts(by_day, days), tables, _facts(groups))


def _facts(groups: Iterable[Sums]) -> list[tuple[str, str]]:
    return list(zip(SUMS, _cells(groups), strict=True))


def _cells(rows: Iterable[Sums]) -> list[str]:
    """In the order of ``SUMS``."""
    every = list(rows)
    calls, answered, connected, seconds, charged, back = (
        sum(one[name] for one in every) for name in staff_calls.NOTHING
    )
    share = f" ({100 * answered / calls:.0f} %)" if calls else ""
    return [
        f"{calls:,}",
        f"{answered:,}{share}",
        f"{connected:,}",
        f"{seconds // 3600:,} h {seconds // 60 % 60:02d} min",
        f"{charged:,}",
        f"{back:,}",
    ]


def _by(rows: Iterable[Sums], key: str, words: Mapping[str, str] | None = None) -> Iterable[Any]:
    """The rows of the rows that are alike in this, in order."""
    alike: dict[Any, list[Sums]] = {}
    for row in rows:
        alike.setdefault(row[key], []).append(row)
    for head in sorted(alike):
        yield table_row([(words or {}).get(head, head), *_cells(alike[head])])


def _endings(groups: Iterable[Sums]) -> list[dict[str, Any]]:
    """Those that still go on stand by their state."""
    counts: dict[str, dict[str, int]] = {}
    for one in groups:
        word = one["end_reason"] or one["status"]
        counts.setdefault(word, dict.fromkeys(Media.values, 0))[one["media"]] += one["calls"]
    order = [word for word in WORDS if word in counts]
    return [table_row([WORDS[one], *(f"{n:,}" for n in counts[one].values())]) for one in order]


def _charts(by_day: Iterable[Sums], days: Days) -> list[dict[str, Any]]:
    every_day = list(days.each())
    found = {(one["day"], one["media"]): one for one in by_day}

    def series(name: str, media: Iterable[str] = Media.values) -> list[int]:
        return [
            sum(found[day, one][name] for one in media if (day, one) in found) for day in every_day
        ]

    minutes = [
        (label, [seconds // 60 for seconds in series("seconds", [media])])
        for media, label in Media.choices
    ]
    return [
        chart(
            "Calls by day", every_day, ("Made", series("calls")), ("Answered", series("answered"))
        ),
        chart("Minutes of talking by day", every_day, *minutes),
        chart(
            "Credits by day",
            every_day,
            ("Charged", series("charged")),
            ("Given back", series("given_back")),
        ),
    ]
