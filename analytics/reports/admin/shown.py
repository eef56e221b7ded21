"""How the figures of reports look: in tables, in facts, in files' names."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from analytics.reports.sql import Json
from payments.currencies import format_amount

__all__ = ["change_of", "duration", "percent", "table_rows", "titles"]

SHARES: Final = ("stickiness", "rate", "share", "conversion")
DASH: Final = "–"
HIDDEN: Final = ("complete",)
MINUTE, HOUR, DAY = 60, 3600, 86_400
WORDS: Final = {
    "dau": "On the day",
    "wau": "In 7 days",
    "mau": "In 28 days",
    "n": "After",
    "p90_seconds": "90 % within",
    "median_seconds": "Half within",
    "rate_from_first": "Of the first",
    "rate_from_previous": "Of the one before",
    "arpu_minor": "Per active person",
    "arppu_minor": "Per buyer",
}


def titles(columns: Sequence[str], rows: Sequence[Json]) -> list[str]:
    return [_title(name) for name in _seen(columns, rows)]


def table_rows(columns: Sequence[str], rows: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """``cells`` and ``is_open``, for rows whose period is not over."""
    names = _seen(columns, rows)
    for row in rows:
        cells = [_cell(name, row[name], row.get("currency", "")) for name in names]
        yield {"cells": cells, "is_open": not row.get("complete", True)}


def _seen(columns: Sequence[str], rows: Sequence[Json]) -> list[str]:
    """Without a column of values where nothing is told apart by any."""
    is_divided = any(row.get("value") for row in rows)
    return [one for one in columns if one not in HIDDEN and (one != "value" or is_divided)]


def _title(name: str) -> str:
    plain = name.removesuffix("_minor").removesuffix("_seconds").replace("_", " ")
    return WORDS.get(name, plain.capitalize())


def _cell(name: str, value: Any, currency: str) -> str:
    if value is None:
        return DASH
    if name.endswith("_minor"):
        return format_amount(round(value), currency)
    if name.endswith("_seconds"):
        return duration(value)
    if any(word in name for word in SHARES):
        return percent(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def percent(share: float | None) -> str:
    return DASH if share is None else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Rounded to what one reads: ``45 s``, ``12 min``, ``3.5 h``, ``2.0 d``."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h" if seconds < DAY else f"{seconds / DAY:.1f} d"


def change_of(now: float | None, before: float | None) -> str:
    """``+4.2 %`` against the days before; empty where there is nothing to compare."""
    if now is None or not before:
        return ""
    return f"{100 * (now - before) / before:+.1f} %"
