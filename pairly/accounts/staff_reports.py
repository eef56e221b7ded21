"""Reports on the staff site: of some days, in charts and tables."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextInputWidget

from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_rows import moment
from pairly.core import clock
from pairly.core.days import Days, days_asked
from pairly.core.errors import ValidationFailed

__all__ = [
    "FILE_FORMAT",
    "DayWidget",
    "DaysForm",
    "Table",
    "chart",
    "counted",
    "days_form",
    "report_page",
    "table_row",
]

FILE_FORMAT = "csv"
COLOURS = ("var(--color-primary-600)", "var(--color-base-400)", "var(--color-base-600)")
TICKS_MAX = 10
BAR_PIXELS_MAX = 14


class Table(NamedTuple):
    title: str
    headers: Sequence[str]
    rows: list[dict[str, Any]]
    is_wide: bool = True


class DayWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The browser's own picker."""

    input_type = "date"


class DaysForm(forms.Form):
    """Of which days, both included; the last 30 where nothing is chosen."""

    first = forms.DateField(label="From (UTC)", required=False, widget=DayWidget())
    last = forms.DateField(label="To", required=False, widget=DayWidget())

    def narrowed(self) -> dict[str, str]:
        """What else was chosen, empty for all."""
        names = [name for name in self.fields if name not in ("first", "last")]
        return {name: self.cleaned_data.get(name, "") for name in names}

    def wants_file(self) -> bool:
        return self.is_valid() and self.data.get("format") == FILE_FORMAT

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                values["days"] = days_asked(values["first"], values["last"], clock.now())
            except ValidationFailed as error:
                raise forms.ValidationError(error.detail) from error
        return values


def days_form(form_class: type[DaysForm], request: HttpRequest) -> tuple[DaysForm, Days]:
    """What makes no sense is said beside the field, and the last 30 days are shown."""
    usual = days_asked(None, None, clock.now())
    form = form_class({"first": usual.first, "last": usual.last, **request.GET.dict()})
    form.is_valid()
    days: Days = form.cleaned_data.get("days", usual)
    return form, days


def report_page(
    request: HttpRequest,
    page: Page,
    form: DaysForm,
    charts: list[dict[str, Any]],
    tables: list[Table],
    facts: Sequence[tuple[str, str]] = (),
    *,
    through: datetime | None = None,
    export: str = "",
) -> HttpResponse:
    """``through`` is up to when it was counted, if not up to now; ``export`` the permission of
    those who may have it as a file, if there is one."""
    user: Any = request.user
    context = {
        **admin.site.each_context(request),
        "title": page.title,
        "form": form,
        "through": through and moment(through),
        "facts": facts,
        "charts": charts,
        "tables": tables,
        "export_format": FILE_FORMAT if export and user.has_perm(export) else "",
    }
    return TemplateResponse(request, "staff/report.html", context)


def table_row(cells: list[Any], is_open: bool = False) -> dict[str, Any]:
    return {"cells": cells, "is_open": is_open}


def counted(
    counts: dict[str, int], labels: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    return [
        table_row([(labels or {}).get(name, name), f"{number:,}"])
        for name, number in counts.items()
    ]


def chart(
    title: str, labels: Sequence[date | str], *series: tuple[str, Sequence[float]]
) -> dict[str, Any]:
    """As the theme's charts want it."""
    datasets = [
        {
            "label": name,
            "data": list(values),
            "backgroundColor": colour,
            "borderColor": colour,
            "displayYAxis": True,
            "maxTicksXLimit": TICKS_MAX,
            "grouped": True,
            "maxBarThickness": BAR_PIXELS_MAX,
        }
        for (name, values), colour in zip(series, COLOURS, strict=False)
    ]
    data = {"labels": [f"{label}" for label in labels], "datasets": datasets}
    names = [name for name, _values in series]
    return {"title": title, "names": names, "data": json.dumps(data)}
