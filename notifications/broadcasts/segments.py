"""Whom a broadcast is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.models import User

__all__ = ["Segment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """People who may use their account and are not staff; narrowed by what is given."""

    country: str = ""
    min_age: int | None = None
    max_age: int | None = None
    active_days: int | None = None

    def people(self, now: datetime) -> "QuerySet[User]":
        found = User.objects.filter(
            Q(suspended_at=None) | Q(suspended_until__lte=now), deleted_at=None, is_staff=False
        )
        if self.country:
            found = found.filter(country=self.country)
        if self.min_age is not None:
            found = found.filter(birth_date__lte=_years_before(now.date(), self.min_age))
        if self.max_age is not None:
            found = found.filter(birth_date__gt=_years_before(now.date(), self.max_age + 1))
        if self.active_days is not None:
            since = now - timedelta(days=self.active_days)
            found = found.filter(last_active_at__gte=since)
        return found

    def count(self, now: datetime) -> int:
        """Reads them all: for who writes a broadcast, not for pages that are opened often."""
        return self.people(now).count()

    def next_after(self, user_id: UUID | None, now: datetime, limit: int) -> Sequence[UUID]:
        """The next so many by their id, so that each is come to once whoever joins meanwhile."""
        found = self.people(now)
        if user_id is not None:
            found = found.filter(pk__gt=user_id)
        return list(found.order_by("pk").values_list("pk", flat=True)[:limit])


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
