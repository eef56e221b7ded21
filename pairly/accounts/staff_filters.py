"""Filters of the staff site's lists that seek in an index."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter, TextFilter

from pairly.core.ids import first_id_at

__all__ = ["MadeAtFilter", "TextFilter"]


class MadeAtFilter(RangeDateTimeFilter):  # type: ignore[misc]
    """By the time a row was made, which its id tells: no index of its own is needed.

    A date without a time begins, or as an end, ends at midnight. What is no date is ignored.
    """

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        since, until = self.moment("from"), self.moment("to")
        if since is not None:
            queryset = queryset.filter(pk__gte=first_id_at(since))
        if until is not None:
            queryset = queryset.filter(pk__lt=first_id_at(until))
        return queryset

    def moment(self, side: str) -> datetime | None:
        day, time = (self._given(f"{self.parameter_name}_{side}_{part}") for part in (0, 1))
        try:
            return datetime.fromisoformat(f"{day}T{time or '00:00:00'}").replace(tzinfo=UTC)
        except ValueError:
            return None

    def _given(self, name: str) -> str:
        value = self.used_parameters.get(name, "")
        return str(value[0] if isinstance(value, list) else value)
