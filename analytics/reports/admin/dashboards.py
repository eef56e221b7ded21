"""What each dashboard shows: which kinds of reports, and their charts and headline figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from analytics.reports.admin.charts import Chart, bars, funnel_chart, heat_map, lines, money
from analytics.reports.admin.shown import change_of, percent
from analytics.reports.selectors import Found
from analytics.reports.sql import Json
from pairly.accounts.staff_admin import Page
from payments.currencies import amount_text

__all__ = ["CHARTS", "DASHBOARDS", "SIGN_UP_TO_CALL", "Dashboard", "facts_of"]

VIEW: Final = "analytics.view"
AREA: Final = "Analytics"
SIGN_UP_TO_CALL: Final = (
    "user.registered,profile.completed,message.sent,purchase.completed,call.ended"
)
FEATURES_SHOWN: Final = 12
SERIES_MAX: Final = 4

Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """``query``: what is asked where the address says nothing. ``saves``: the kind that may be
    saved from here, where it is one that somebody builds."""

    page: Page
    address: str
    kinds: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    saves: str = ""


def _page(name: str, title: str, icon: str) -> Page:
    return Page(name=name, title=title, permission=VIEW, area=AREA, icon=icon)


DASHBOARDS: Final = (
    Dashboard(
        page=_page("analytics_activity", "Activity", "monitoring"),
        address="analytics/activity/",
        kinds=("active-users", "growth", "churn"),
    ),
    Dashboard(
        page=_page("analytics_retention", "Retention", "grid_on"),
        address="analytics/retention/",
        kinds=("retention", "cohorts"),
        query={"cohort": "week", "period": "week", "periods": "8"},
        saves="cohorts",
    ),
    Dashboard(
        page=_page("analytics_funnels", "Funnels", "filter_alt"),
        address="analytics/funnels/",
        kinds=("funnels",),
        query={"steps": SIGN_UP_TO_CALL},
        saves="funnels",
    ),
    Dashboard(
        page=_page("analytics_acquisition", "Acquisition", "person_add"),
        address="analytics/acquisition/",
        kinds=("acquisition",),
    ),
    Dashboard(
        page=_page("analytics_features", "Features", "widgets"),
        address="analytics/features/",
        kinds=("features",),
    ),
    Dashboard(
        page=_page("analytics_quality", "Quality", "signal_cellular_alt"),
        address="analytics/quality/",
        kinds=("messaging", "calling"),
    ),
    Dashboard(
        page=_page("analytics_value", "Value per person", "payments"),
        address="analytics/value/",
        kinds=("revenue", "lifetime"),
        query={"interval": "day", "cohort": "month", "periods": "6"},
    ),
)


def column(rows: Sequence[Json], name: str) -> list[float | None]:
    return [row[name] for row in rows]


def over(rows: Sequence[Json]) -> list[bool]:
    return [row["complete"] for row in rows]


def _percents(rows: Sequence[Json], name: str) -> list[float | None]:
    return [None if row[name] is None else round(100 * row[name], 2) for row in rows]


# Charts


def _active(rows: list[Json], found: Found) -> list[Chart]:
    days = column(rows, "day")
    charts = [
        lines(
            "Active people",
            days,
            [(title, column(rows, name)) for title, name in ACTIVE],
            over(rows),
        )
    ]
    before = column(found.previous or [], "dau")
    if before:
        series = [("These days", column(rows, "dau")), ("The days before", before)]
        charts.append(lines("On each day, and as many days before", days, series, over(rows)))
    return charts


ACTIVE: Final = (("In 28 days", "mau"), ("In 7 days", "wau"), ("On the day", "dau"))


def _growth(rows: list[Json], found: Found) -> list[Chart]:
    series = [(name.capitalize(), column(rows, name)) for name in ("returning", "new")]
    series.append(("Resurrected", column(rows, "resurrected")))
    series.append(("Dormant", [-one if one else one for one in column(rows, "dormant")]))
    return [bars("Who they are", column(rows, "period"), series, over(rows))]


def _churn(rows: list[Json], found: Found) -> list[Chart]:
    series = [("Percent", _percents(rows, "rate"))]
    note = "Of who was active in the period before, how many were not in this one."
    return [bars("Churn", column(rows, "period"), series, over(rows), note)]


def _retention(rows: list[Json], found: Found) -> list[Chart]:
    values = list(dict.fromkeys(row["value"] for row in rows))[:SERIES_MAX]
    groups = {value: [row for row in rows if row["value"] == value] for value in values}
    series = [(value or "Everybody", _percents(group, "rate")) for value, group in groups.items()]
    labels = [row["n"] for row in groups[values[0]]] if values else []
    note = "Percent of who had the time to come back, all complete cohorts together."
    return [lines("Retention", labels, series, [True] * len(labels), note)]


def _cohorts(rows: list[Json], found: Found) -> list[Chart]:
    note = "A frame marks what may still grow; a dash, what has not begun."
    chart = heat_map(
        "Cohorts", rows, share=lambda row: row["rate"], text=lambda row: _share(row), note=note
    )
    return [chart]


def _share(row: Json) -> str:
    return "" if row["rate"] is None else f"{100 * row['rate']:.0f} %"


def _funnel(rows: list[Json], found: Found) -> list[Chart]:
    return [funnel_chart(rows)]


def _features(rows: list[Json], found: Found) -> list[Chart]:
    shown = rows[:FEATURES_SHOWN]
    series = [("Percent of the active", _percents(shown, "share"))]
    return [bars("Who uses what", column(shown, "feature"), series, [True] * len(shown))]


def _acquisition(rows: list[Json], found: Found) -> list[Chart]:
    values = list(dict.fromkeys(row["value"] for row in rows))[:SERIES_MAX]
    periods = list(dict.fromkeys(row["period"] for row in rows))
    groups = {value: [row for row in rows if row["value"] == value] for value in values}
    if values == [""]:
        series = [
            ("Registered", column(rows, "registered")),
            ("Wrote within 7 days", column(rows, "activated")),
        ]
    else:
        series = [(value, column(group, "registered")) for value, group in groups.items()]
    note = "Faint while the seven days of some are not over."
    return [bars("Registrations", periods, series, over(groups[values[0]]), note)] if values else []


def _messaging(rows: list[Json], found: Found) -> list[Chart]:
    series = [("Messages", column(rows, "messages")), ("Senders", column(rows, "senders"))]
    return [lines("Messages", column(rows, "period"), series, over(rows))]


def _calling(rows: list[Json], found: Found) -> list[Chart]:
    periods = column(rows, "period")
    series = [(name.capitalize(), column(rows, name)) for name in ("calls", "connected", "broken")]
    grades = [(name.capitalize(), column(rows, name)) for name in ("good", "fair", "poor")]
    note = "As devices reported them."
    return [
        bars("Calls", periods, series, over(rows)),
        bars("How good calls were", periods, grades, over(rows), note),
    ]


def _revenue(rows: list[Json], found: Found) -> list[Chart]:
    charts = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        series = [
            (title, [float(amount_text(row[name], currency)) for row in own])
            for title, name in (("Gross", "gross_minor"), ("Net of refunds", "net_minor"))
        ]
        charts.append(bars(f"Paid, {currency}", column(own, "period"), series, over(own)))
    return charts


def _lifetime(rows: list[Json], found: Found) -> list[Chart]:
    charts = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        most = max((row["per_person_minor"] or 0 for row in own), default=0)
        charts.append(
            heat_map(
                f"Lifetime value per person, {currency}",
                own,
                share=_share_of(most),
                text=money,
                note="Net of refunds, up to the end of the month so many after the first.",
            )
        )
    return charts


def _share_of(most: float) -> Callable[[Json], float | None]:
    def share(row: Json) -> float | None:
        value = row["per_person_minor"]
        return None if value is None or not most else value / most

    return share


CHARTS: Final[dict[str, Callable[[list[Json], Found], list[Chart]]]] = {
    "active-users": _active,
    "growth": _growth,
    "churn": _churn,
    "retention": _retention,
    "cohorts": _cohorts,
    "funnels": _funnel,
    "features": _features,
    "acquisition": _acquisition,
    "messaging": _messaging,
    "calling": _calling,
    "revenue": _revenue,
    "lifetime": _lifetime,
}


# Headlines: the newest complete period, or all together; and how that was before


def facts_of(kind: str, found: Found) -> Facts:
    make = FACTS.get(kind)
    return make(found.rows, found.previous or []) if make else []


def _newest(rows: Sequence[Json]) -> Json | None:
    return next((row for row in reversed(rows) if row["complete"]), None)


def _last_of(name: str, title: str) -> Callable[[list[Json], list[Json]], tuple[str, str]]:
    def fact(rows: list[Json], before: list[Json]) -> tuple[str, str]:
        now, then = _newest(rows), _newest(before)
        value = now[name] if now else None
        change = change_of(value, then[name] if then else None)
        text = (
            percent(value) if isinstance(value, float) else "–" if value is None else f"{value:,}"
        )
        return title, f"{text} {f'({change})' if change else ''}".strip()

    return fact


def _sum_of(name: str, title: str) -> Callable[[list[Json], list[Json]], tuple[str, str]]:
    def fact(rows: list[Json], before: list[Json]) -> tuple[str, str]:
        now, then = (sum(row[name] or 0 for row in some) for some in (rows, before))
        change = change_of(now, then)
        return title, f"{now:,} {f'({change})' if change else ''}".strip()

    return fact


def _all(*facts: Callable[[list[Json], list[Json]], tuple[str, str]]) -> Callable[..., Facts]:
    return lambda rows, before: [fact(rows, before) for fact in facts]


FACTS: Final[dict[str, Callable[[list[Json], list[Json]], Facts]]] = {
    "active-users": _all(
        _last_of("dau", "Active on the last whole day"),
        _last_of("wau", "In 7 days"),
        _last_of("mau", "In 28 days"),
        _last_of("stickiness", "Stickiness"),
    ),
    "acquisition": _all(
        _sum_of("registered", "Registered"), _sum_of("activated", "Wrote within 7 days")
    ),
    "messaging": _all(_sum_of("messages", "Messages"), _sum_of("conversations", "Conversations")),
    "calling": _all(_sum_of("calls", "Calls"), _sum_of("connected", "Connected")),
    "revenue": _all(_sum_of("purchases", "Purchases")),
}
