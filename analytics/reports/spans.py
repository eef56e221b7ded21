"""Which days a report is about, in its time zone, and which of its periods are over.

A period is a day, a week (from Monday) or a month, named by its first day. A day begins at midnight
where the report's clock hangs, so it has 23 or 25 hours when that clock is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pairly.core.days import EARLIEST
from pairly.core.errors import ValidationFailed

__all__ = ["INTERVALS", "ONE_DAY", "Span", "period_of", "shift", "span_asked"]

ONE_DAY: Final = timedelta(days=1)
INTERVALS: Final = ("day", "week", "month")
DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 400


def period_of(day: date, interval: str) -> date:
    """The first day of the period that holds this day."""
    if interval == "week":
        return day - day.weekday() * ONE_DAY
    return day.replace(day=1) if interval == "month" else day


def shift(first: date, interval: str, count: int) -> date:
    """The first day of the period that is so many after the one that begins on ``first``."""
    if interval == "month":
        year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
        return date(year, month + 1, 1)
    return first + count * (7 if interval == "week" else 1) * ONE_DAY


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, both included, by the clock of ``zone``; ``now`` is when
    the report is made."""

    first: date
    last: date
    zone: ZoneInfo
    now: datetime

    @property
    def is_utc(self) -> bool:
        return self.zone.key == "UTC"

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def starts_at(self) -> datetime:
        return self.midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after the last day."""
        return self.midnight(self.last + ONE_DAY)

    def midnight(self, day: date) -> datetime:
        """The first moment of a day, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def is_over(self, day: date) -> bool:
        """Whether a day has ended."""
        return self.midnight(day + ONE_DAY) <= self.now

    def days(self) -> Iterator[date]:
        return (self.first + n * ONE_DAY for n in range((self.last - self.first).days + 1))

    def periods(self, interval: str) -> list[date]:
        """Those that hold one of the days, by their first day."""
        found = [period_of(self.first, interval)]
        while (following := shift(found[-1], interval, 1)) <= self.last:
            found.append(following)
        return found

    def whole(self, interval: str) -> "Span":
        """Widened to whole periods."""
        end = shift(period_of(self.last, interval), interval, 1)
        return self.moved(period_of(self.first, interval), end - ONE_DAY)

    def is_period_over(self, period: date, interval: str) -> bool:
        return self.is_over(shift(period, interval, 1) - ONE_DAY)

    def before(self) -> "Span":
        """As many days, just before these."""
        length = self.last - self.first + ONE_DAY
        return self.moved(self.first - length, self.first - ONE_DAY)

    def moved(self, first: date, last: date) -> "Span":
        return Span(first, last, self.zone, self.now)


def span_asked(first: date | None, last: date | None, timezone: str, now: datetime) -> Span:
    """The last 30 days up to today where nothing is said. Raises ``ValidationFailed`` for days
    that end before they begin or before 1970, are more than 400, or are all to come."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    last = min(last or today, today)
    if last < EARLIEST:
        raise ValidationFailed.of("last", "invalid", "There is nothing of such days.")
    first = first or last - (DAYS_DEFAULT - 1) * ONE_DAY
    if first > today:
        raise ValidationFailed.of("first", "invalid", "These days are still to come.")
    if not timedelta(0) <= last - first < DAYS_MAX * ONE_DAY:
        detail = f"From the first to the last are 1 to {DAYS_MAX} days."
        raise ValidationFailed.of("last", "invalid", detail)
    return Span(first, last, zone, now)
