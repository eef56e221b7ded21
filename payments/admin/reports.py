"""Reports: what was earned, what is owed in credits, how purchases fare."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from unfold.widgets import UnfoldAdminSelectWidget

from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_reports import (
    FILE_FORMAT,
    DaysForm,
    Table,
    chart,
    counted,
    days_form,
    report_page,
    table_row,
)
from pairly.core.days import Days
from pairly.core.errors import PermissionDenied
from payments.currencies import CURRENCIES, amount_text, format_amount
from payments.gateways.registry import provider_names
from payments.intents.states import Status
from payments.packages.selectors import package_codes
from payments.reports.files import download
from payments.reports.models import Progress
from payments.reports.selectors import (
    POCKETS,
    counted_through,
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
    form, days = days_form(RevenueForm, request)
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
    return report_page(
        request,
        REVENUE,
        form,
        _revenue_charts(by_day, days),
        tables,
        through=through,
        export=EXPORT,
    )


def liability_view(request: HttpRequest) -> HttpResponseBase:
    form, days = days_form(DaysForm, request)
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
    return report_page(
        request,
        LIABILITY,
        form,
        _liability_charts(found.days),
        tables,
        through=found.through,
        export=EXPORT,
    )


def statistics_view(request: HttpRequest) -> HttpResponseBase:
    form, days = days_form(StatisticsForm, request)
    if form.wants_file():
        return _file(request, STATISTICS, form, days)
    found = statistics(days, **form.narrowed())
    tables = [
        Table("How they stand", ("State", "Purchases"), counted(found.statuses, STATUSES), False),
        Table("Why attempts failed", ("Code", "Purchases"), counted(found.declines), False),
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
    return report_page(
        request,
        STATISTICS,
        form,
        _funnel_charts(found.days),
        tables,
        facts,
        through=found.through,
        export=EXPORT,
    )


def _file(request: Any, page: Page, form: DaysForm, days: Days) -> HttpResponseBase:
    if not request.user.has_perm(EXPORT):
        raise PermissionDenied
    return download(request, page.name, days, form.narrowed(), FILE_FORMAT)


def _money_row(one: dict[str, Any], *head: str, is_open: bool = False) -> dict[str, Any]:
    money = [format_amount(one[f"{name}_minor"], one["currency"]) for name in SUMS]
    return table_row(
        [*(one[name] or "–" for name in head), f"{one['purchases']:,}", *money], is_open
    )


def _pocket_row(one: dict[str, Any], *head: str, is_open: bool = False) -> dict[str, Any]:
    return table_row([*(one[name] for name in head), *(f"{one[p]:,}" for p in POCKETS)], is_open)


def _funnel_row(one: dict[str, Any], head: str, is_open: bool = False) -> dict[str, Any]:
    share = "–" if one["conversion"] is None else f"{one['conversion']} %"
    return table_row([one[head], f"{one['begun']:,}", f"{one['paid']:,}", share], is_open)


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
        charts.append(chart(f"By day, {currency}", every_day, *series))
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
        charts.append(chart(title, [one["day"] for one in rows], *series))
    return charts


def _funnel_charts(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = days[::-1]
    series = [(name.capitalize(), [one[name] for one in rows]) for name in ("begun", "paid")]
    return [chart("By day", [one["day"] for one in rows], *series)]
