"""Filters that seek in an index."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

from pairly.core.ids import first_id_at
from payments.gateways.registry import provider_names

__all__ = ["DayFilter", "ProviderFilter"]

ONE_DAY = timedelta(days=1)


class DayFilter(RangeDateFilter):  # type: ignore[misc]
    """Rows made from one day to another, in UTC, found by their keys."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(pk__gte=first_id_at(first))
        if last is not None:
            queryset = queryset.filter(pk__lt=first_id_at(last + ONE_DAY))
        return queryset

    def _day(self, end: str) -> datetime | None:
        """Midnight of the day; None for what is no date."""
        day = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}") or "")
        return datetime.combine(day, time(), UTC) if day else None


class ProviderFilter(SimpleListFilter):
    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.title()) for name in provider_names()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(provider=wanted) if wanted else queryset
