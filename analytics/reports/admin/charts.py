"""Charts: lines and bars as the theme draws them; heat maps and funnels as plain HTML and SVG,
whose sizes and colours are attributes and classes, since the pages' policy allows no inline style.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analytics.reports.admin.shown import duration, percent
from analytics.reports.sql import Json
from payments.currencies import format_amount

__all__ = ["Chart", "bars", "funnel_chart", "heat_map", "lines"]

COLOURS: Final = (
    "var(--color-primary-600)",
    "var(--color-base-400)",
    "var(--color-base-600)",
    "var(--color-primary-300)",
)
FAINT: Final = "var(--color-base-300)"
TICKS_MAX: Final = 12
BAR_PIXELS_MAX: Final = 18
POINTS_SHOWN_MAX: Final = 60
HEAT_STEPS: Final = 10
DASHES: Final = [5, 4]

Series = tuple[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``form`` is line, bar, heat or funnel; ``names`` the legend; ``data`` what the form needs."""

    form: str
    title: str
    data: Any
    names: list[str] = field(default_factory=list)
    note: str = ""
    is_empty: bool = False


def lines(
    title: str,
    labels: Sequence[Any],
    series: Sequence[Series],
    complete: Sequence[bool],
    note: str = "",
) -> Chart:
    """What is not over is dashed."""
    datasets: list[Json] = []
    for (name, values), colour in zip(series, COLOURS, strict=False):
        is_open = [not one for one in complete]
        begins = [
            is_open[n] or (n + 1 < len(is_open) and is_open[n + 1]) for n in range(len(is_open))
        ]
        solid = [None if out else value for value, out in zip(values, is_open, strict=True)]
        datasets.append(_dataset(name, solid, colour, len(labels)))
        if any(is_open):
            dashed = [value if on else None for value, on in zip(values, begins, strict=True)]
            datasets.append(
                _dataset(f"{name}, incomplete", dashed, colour, len(labels))
                | {"borderDash": DASHES}
            )
    return _drawn("line", title, labels, datasets, series, note)


def bars(
    title: str,
    labels: Sequence[Any],
    series: Sequence[Series],
    complete: Sequence[bool],
    note: str = "",
) -> Chart:
    """What is not over is faint."""
    datasets = [
        _dataset(name, values, colour, len(labels))
        | {"backgroundColor": [colour if over else FAINT for over in complete]}
        for (name, values), colour in zip(series, COLOURS, strict=False)
    ]
    return _drawn("bar", title, labels, datasets, series, note)


def _drawn(
    form: str,
    title: str,
    labels: Sequence[Any],
    datasets: list[Json],
    series: Sequence[Series],
    note: str,
) -> Chart:
    data = {"labels": [f"{label}" for label in labels], "datasets": datasets}
    return Chart(
        form=form,
        title=title,
        data=json.dumps(data),
        names=[name for name, _values in series],
        note=note,
        is_empty=not any(value for _name, values in series for value in values),
    )


def _dataset(name: str, values: Sequence[float | None], colour: str, points: int) -> Json:
    return {
        "label": name,
        "data": list(values),
        "backgroundColor": colour,
        "borderColor": colour,
        "displayYAxis": True,
        "maxTicksXLimit": TICKS_MAX,
        "grouped": True,
        "maxBarThickness": BAR_PIXELS_MAX,
        "pointStyle": "circle" if points <= POINTS_SHOWN_MAX else False,
        "pointRadius": 2,
    }


# Cohorts


def heat_map(
    title: str,
    rows: Sequence[Json],
    *,
    share: Callable[[Json], float | None],
    text: Callable[[Json], str],
    note: str = "",
) -> Chart:
    """A row for each cohort (and value), a column for each ``n``; the stronger, the more."""
    columns = list(dict.fromkeys(f"{row['n']}" for row in rows))
    found: dict[tuple[Any, ...], Json] = {}
    for row in rows:
        key = (row["cohort"], row.get("value", ""))
        line = found.setdefault(key, {"cohort": row["cohort"], "size": row["size"], "cells": {}})
        line["value"] = row.get("value", "")
        line["cells"][f"{row['n']}"] = _heat(share(row), text(row), row["complete"])
    empty = _heat(None, "", True)
    for line in found.values():
        line["cells"] = [line["cells"].get(column, empty) for column in columns]
    data = {"columns": columns, "lines": list(found.values())}
    return Chart(form="heat", title=title, data=data, note=note, is_empty=not found)


def _heat(share: float | None, text: str, is_complete: bool) -> Json:
    step = None if share is None else min(HEAT_STEPS, max(0, round(share * HEAT_STEPS)))
    return {"step": step, "text": text, "is_open": not is_complete and share is not None}


# Funnels


def funnel_chart(rows: Sequence[Json]) -> Chart:
    """A bar for each step; of several values, one funnel each."""
    groups: dict[str, list[Json]] = {}
    for row in rows:
        groups.setdefault(row["value"], []).append(
            {
                **row,
                "width": round(100 * (row["rate_from_first"] or 0), 1),
                "share": percent(row["rate_from_first"]),
                "step_share": percent(row["rate_from_previous"]),
                "half": _time(row["median_seconds"]),
                "most": _time(row["p90_seconds"]),
            }
        )
    data = [{"value": value, "steps": steps} for value, steps in groups.items()]
    return Chart(form="funnel", title="Funnel", data=data, is_empty=not rows)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def money(row: Json) -> str:
    value = row["per_person_minor"]
    return "" if value is None else format_amount(round(value), row["currency"])
