"""Whole days in UTC, as reports are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from pairly.core.errors import ValidationFailed

__all__ = ["Days", "days_asked"]

DAY: Final = timedelta(days=1)
DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 400
YEARS: Final = range(2000, 2200)
"""Of others nothing is told, and where calendars end the days before and after cannot be had."""


@dataclass(frozen=True, slots=True)
class Days:
    """From the first to the last, both included, in UTC."""

    first: date
    last: date

    def each(self) -> Iterator[date]:
        return (self.first + n * DAY for n in range((self.last - self.first).days + 1))


def days_asked(first: date | None, last: date | None, now: datetime) -> Days:
    """The last 30 days where nothing is said. Raises ``ValidationFailed`` for a time that ends
    before it begins, has more than 400 days, or lies in none of ``YEARS``."""
    last = last or now.astimezone(UTC).date()
    if last.year not in YEARS:
        detail = f"Days are of the years {YEARS[0]} to {YEARS[-1]}."
        raise ValidationFailed.of("last", "invalid", detail)
    first = first or last - (DAYS_DEFAULT - 1) * DAY
    if not timedelta(0) <= last - first < DAYS_MAX * DAY:
        detail = f"From the first to the last are 1 to {DAYS_MAX} days."
        raise ValidationFailed.of("last", "invalid", detail)
    return Days(first, last)
