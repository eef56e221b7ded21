"""Reports: what was earned, what is owed in credits, how purchases fare."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_rows import moment
from pairly.core import clock
from pairly.core.errors import PermissionDenied, ValidationFailed
from payments.currencies import CURRENCIES, amount_text, format_amount
from payments.gateways.registry import provider_names
from payments.intents.states import Status
from payments.packages.selectors import package_codes
from payments.reports.files import download
from payments.reports.models import Progress
from payments.reports.selectors import (
    POCKETS,
    Days,
    counted_through,
    days_asked,
    liability,
    revenue_by_day,
    revenue_by_package,
    revenue_complete_before,
    revenue_rows,
    revenue_totals,
    statistics,
)

__all__ = [
    "LIABILITY",
    "REVENUE",
    "STATISTICS",
    "liability_view",
    "revenue_view",
    "statistics_view",
]

VIEW, EXPORT = "payments.view", "exports.act"
FILE_FORMAT = "csv"
REVENUE = Page(name="revenue", title="Revenue", permission=VIEW, area="Money", icon="bar_chart")
LIABILITY = Page(
    name="liability", title="Credits owed", permission=VIEW, area="Money", icon="savings"
)
STATISTICS = Page(
    name="statistics", title="Statistics", permission=VIEW, area="Money", icon="query_stats"
)
SUMS = ("gross", "refunds", "disputes", "fees", "net")
MONEY = ("Currency", "Purchases", *(name.capitalize() for name in SUMS))
FUNNEL = ("Begun", "Paid", "Conversion")
STATUSES = dict(Status.choices)
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


class ChoiceField(forms.ChoiceField):
    """One of some names, or all."""

    widget = UnfoldAdminSelectWidget

    def __init__(self, label: str, names: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            choices=lambda: [("", "All"), *((name, name) for name in names())],
        )


class RevenueForm(DaysForm):
    provider = ChoiceField("Provider", provider_names)
    package = ChoiceField("Package", package_codes)
    currency = ChoiceField("Currency", lambda: list(CURRENCIES))


class StatisticsForm(DaysForm):
    provider = ChoiceField("Provider", provider_names)


def revenue_view(request: HttpRequest) -> HttpResponseBase:
    form, days = _asked(RevenueForm, request)
    if form.wants_file():
        return _file(request, REVENUE, form, days)
    rows = revenue_rows(days, **form.narrowed())
    through, _counted_before = counted_through(Progress.LEDGER)
    complete_before = revenue_complete_before()
    by_day = revenue_by_day(rows)
    tables = [
        Table(
            "All these days", MONEY, [_money_row(one, "currency") for one in revenue_totals(rows)]
        ),
        Table(
            "By provider and package",
            ("Provider", "Package", *MONEY),
            [
                _money_row(one, "provider", "package", "currency")
                for one in revenue_by_package(rows)
            ],
        ),
        Table(
            "By day",
            ("Day", *MONEY),
            [
                _money_row(one, "day", "currency", is_open=one["day"] >= complete_before)
                for one in reversed(by_day)
            ],
        ),
    ]
    return _page(request, REVENUE, form, through, _revenue_charts(by_day, days), tables)


def liability_view(request: HttpRequest) -> HttpResponseBase:
    form, days = _asked(DaysForm, request)
    if form.wants_file():
        return _file(request, LIABILITY, form, days)
    found = liability(days)
    pockets = tuple(pocket.capitalize() for pocket in POCKETS)
    tables = [
        Table("Now", ("Asset", *pockets), [_pocket_row(one, "asset") for one in found.now]),
        Table(
            "At the end of each day",
            ("Day", "Asset", *pockets),
            [
                _pocket_row(one, "day", "asset", is_open=one["day"] >= found.complete_before)
                for one in found.days
            ],
        ),
    ]
    return _page(request, LIABILITY, form, found.through, _liability_charts(found.days), tables)


def statistics_view(request: HttpRequest) -> HttpResponseBase:
    form, days = _asked(StatisticsForm, request)
    if form.wants_file():
        return _file(request, STATISTICS, form, days)
    found = statistics(days, **form.narrowed())
    tables = [
        Table("How they stand", ("State", "Purchases"), _counts(found.statuses, STATUSES), False),
        Table("Why attempts failed", ("Code", "Purchases"), _counts(found.declines), False),
        Table(
            "By provider",
            ("Provider", *FUNNEL),
            [_funnel_row(one, "provider") for one in found.providers],
        ),
        Table(
            "By day",
            ("Day", *FUNNEL),
            [
                _funnel_row(one, "day", is_open=one["day"] >= found.complete_before)
                for one in found.days
            ],
        ),
    ]
    facts = _funnel_facts(found.begun, found.paid)
    return _page(
        request, STATISTICS, form, found.through, _funnel_charts(found.days), tables, facts
    )


def _asked(form_class: type[DaysForm], request: HttpRequest) -> tuple[DaysForm, Days]:
    """What makes no sense is said beside the field, and the last 30 days are shown."""
    usual = days_asked(None, None, clock.now())
    form = form_class({"first": usual.first, "last": usual.last, **request.GET.dict()})
    form.is_valid()
    days: Days = form.cleaned_data.get("days", usual)
    return form, days


def _file(request: Any, page: Page, form: DaysForm, days: Days) -> HttpResponseBase:
    if not request.user.has_perm(EXPORT):
        raise PermissionDenied
    return download(request, page.name, days, form.narrowed(), FILE_FORMAT)


def _page(
    request: HttpRequest,
    page: Page,
    form: DaysForm,
    through: datetime,
    charts: list[dict[str, Any]],
    tables: list[Table],
    facts: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    user: Any = request.user
    context = {
        **admin.site.each_context(request),
        "title": page.title,
        "form": form,
        "through": moment(through),
        "facts": facts,
        "charts": charts,
        "tables": tables,
        "export_format": FILE_FORMAT if user.has_perm(EXPORT) else "",
    }
    return TemplateResponse(request, "admin/payments/report.html", context)


def _row(cells: list[Any], is_open: bool) -> dict[str, Any]:
    return {"cells": cells, "is_open": is_open}


def _money_row(one: dict[str, Any], *head: str, is_open: bool = False) -> dict[str, Any]:
    money = [format_amount(one[f"{name}_minor"], one["currency"]) for name in SUMS]
    return _row([*(one[name] or "–" for name in head), f"{one['purchases']:,}", *money], is_open)


def _pocket_row(one: dict[str, Any], *head: str, is_open: bool = False) -> dict[str, Any]:
    return _row([*(one[name] for name in head), *(f"{one[p]:,}" for p in POCKETS)], is_open)


def _funnel_row(one: dict[str, Any], head: str, is_open: bool = False) -> dict[str, Any]:
    share = "–" if one["conversion"] is None else f"{one['conversion']} %"
    return _row([one[head], f"{one['begun']:,}", f"{one['paid']:,}", share], is_open)


def _counts(
    counts: dict[str, int], labels: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    return [
        _row([(labels or {}).get(name, name), f"{number:,}"], is_open=False)
        for name, number in counts.items()
    ]


def _funnel_facts(begun: int, paid: int) -> list[tuple[str, str]]:
    share = f"{100 * paid / begun:.1f} %" if begun else "–"
    return [("Begun", f"{begun:,}"), ("Paid", f"{paid:,}"), ("Conversion", share)]


def _revenue_charts(by_day: list[dict[str, Any]], days: Days) -> list[dict[str, Any]]:
    every_day = list(days.each())
    charts = []
    for currency in sorted({one["currency"] for one in by_day}):
        of_day = {one["day"]: one for one in by_day if one["currency"] == currency}
        series = [
            (title, [_major(of_day.get(day), name, currency) for day in every_day])
            for title, name in (("Gross", "gross_minor"), ("Net", "net_minor"))
        ]
        charts.append(_chart(f"By day, {currency}", every_day, *series))
    return charts


def _major(one: dict[str, Any] | None, name: str, currency: str) -> float:
    """For the height of a bar alone."""
    return float(amount_text(one[name], currency)) if one else 0.0


def _liability_charts(closings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    charts = []
    for asset in sorted({one["asset"] for one in closings}):
        rows = [one for one in reversed(closings) if one["asset"] == asset]
        series = [
            (pocket.capitalize(), [one[pocket] for one in rows])
            for pocket in ("paid", "bonus", "earnings")
        ]
        title = f"At the end of each day, {asset}"
        charts.append(_chart(title, [one["day"] for one in rows], *series))
    return charts


def _funnel_charts(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = days[::-1]
    series = [(name.capitalize(), [one[name] for one in rows]) for name in ("begun", "paid")]
    return [_chart("By day", [one["day"] for one in rows], *series)]


def _chart(
    title: str, labels: Sequence[date], *series: tuple[str, Sequence[float]]
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
