"""Filters that seek in an index."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

from pairly.core.ids import first_id_at
from payments.currencies import format_amount
from payments.gateways.registry import provider_names
from payments.packages.selectors import amounts_ever_asked

__all__ = ["AmountFilter", "DayFilter", "ProviderFilter"]

ONE_DAY = timedelta(days=1)


class DayFilter(RangeDateFilter):  # type: ignore[misc]
    """Rows made from one day to another, in UTC, found by their keys."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(pk__gte=first_id_at(first))
        if last is not None and last.date() < date.max:  # after which nothing is made
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


class AmountFilter(SimpleListFilter):
    """One of the amounts that were ever asked for a package; there are few, and the index leads
    to each in order."""

    title = "amount"
    parameter_name = "amount"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (f"{currency}-{amount}", format_amount(amount, currency))
            for currency, amount in amounts_ever_asked()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted not in {key for key, _text in self.lookup_choices}:
            return queryset
        currency, _, amount = str(wanted).partition("-")
        return queryset.filter(currency=currency, amount_minor=int(amount))
