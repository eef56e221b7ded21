"""The pages: a form, headline figures, charts, tables; and the reports that staff have saved."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from rest_framework.exceptions import ValidationError

from analytics.registry import KINDS as EVENTS
from analytics.reports.admin.charts import Chart
from analytics.reports.admin.dashboards import CHARTS, DASHBOARDS, Dashboard, facts_of
from analytics.reports.admin.forms import SaveForm, query_form
from analytics.reports.admin.shown import table_rows, titles
from analytics.reports.asking import asked_of
from analytics.reports.files import download
from analytics.reports.kinds import KINDS, Kind
from analytics.reports.models import SavedReport
from analytics.reports.selectors import Asked, Found, run_all, saved_reports
from analytics.reports.serializers import QUERIES, fields_of
from analytics.reports.services import delete_report, save_report
from analytics.selectors import live_numbers
from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_rows import Names, moment
from pairly.core import clock
from pairly.core.errors import PermissionDenied, ValidationFailed
from pairly.core.http import request_id_of

__all__ = ["LIVE", "SAVED", "dashboard_view", "live_view", "saved_view"]

EXPORT: Final = "exports.act"
FILE_FORMAT: Final = "csv"
SAVED: Final = Page(
    name="analytics_saved",
    title="Saved reports",
    permission="analytics.view",
    area="Analytics",
    icon="bookmark",
)
LIVE: Final = Page(
    name="analytics_live",
    title="Live now",
    permission="analytics.view",
    area="Analytics",
    icon="bolt",
)
LIVE_FACTS: Final = (
    ("Active people, 5 minutes", "active_people_5_minutes"),
    ("Active people, 30 minutes", "active_people_30_minutes"),
    ("Events, 5 minutes", "events_5_minutes"),
    ("Events, 30 minutes", "events_30_minutes"),
)
ROWS_SHOWN: Final = 200
"""Of a table; files have them all."""

Told = dict[str, str]


class Table(NamedTuple):
    kind: str
    title: str
    headers: list[str]
    rows: list[dict[str, Any]]
    left_out: int


def dashboard_view(dashboard: Dashboard) -> Callable[[HttpRequest], HttpResponseBase]:
    def view(request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST":
            return _saved(request, dashboard)
        asked, told = _asked(dashboard, request)
        kind = request.GET.get("file", "")
        if kind in dashboard.kinds and not told:
            return _file(request, kind, _query(dashboard, request))
        return _page(request, dashboard, asked, told)

    return view


def _query(dashboard: Dashboard, request: HttpRequest) -> dict[str, str]:
    """What stands in the address, as the form sends it: a switch that is off is not there."""
    given = {name: value for name, value in request.GET.dict().items() if value != ""}
    return {**dashboard.query, **given}


def _asked(dashboard: Dashboard, request: HttpRequest) -> tuple[list[Asked], Told]:
    """What makes no sense is said beside its field, and the usual is shown."""
    try:
        return _checked(dashboard, _query(dashboard, request)), {}
    except ValidationError as error:
        details: Any = error.detail
        told = {name: " ".join(map(str, said)) for name, said in details.items()}
    except ValidationFailed as error:
        told = {one.field: one.detail for one in error.errors}
    return _checked(dashboard, dict(dashboard.query)), told


def _checked(dashboard: Dashboard, query: dict[str, str]) -> list[Asked]:
    now = clock.now()
    return [
        asked_of(kind, fields_of(kind, query) | {"compare": kind in COMPARED}, now)
        for kind in dashboard.kinds
    ]


def _page(
    request: HttpRequest, dashboard: Dashboard, asked: list[Asked], told: Told
) -> HttpResponse:
    user: Any = request.user
    kinds = [one.kind for one in asked]
    found = list(zip(kinds, run_all(asked), strict=True))
    context = {
        **admin.site.each_context(request),
        "title": dashboard.page.title,
        "form": query_form(dashboard.kinds, _query(dashboard, request), asked[0].span, told),
        "events": [(one.name, one.tells) for one in EVENTS.values()] if dashboard.saves else [],
        "save_form": SaveForm() if dashboard.saves else None,
        "span": asked[0].span,
        "erased_people": found[0][1].erased_people,
        "facts": [fact for kind, one in found for fact in facts_of(kind.name, one)],
        "charts": list(_charts(found)),
        "tables": [_table(kind, one) for kind, one in found],
        "query": urlencode(_query(dashboard, request)),
        "may_export": user.has_perm(EXPORT),
    }
    return TemplateResponse(request, "admin/analytics/dashboard.html", context)


def _charts(found: list[tuple[Kind, Found]]) -> Iterator[Chart]:
    for kind, one in found:
        yield from CHARTS[kind.name](one.rows, one)


def _table(kind: Kind, found: Found) -> Table:
    """The newest first; without what has not begun, which the heat maps show."""
    rows = found.rows[::-1] if kind.columns[0] in ("day", "period") else found.rows
    known = next((name for name in ("retained", "net_minor") if name in kind.columns), "")
    rows = [row for row in rows if not known or row[known] is not None]
    shown = rows[:ROWS_SHOWN]
    return Table(
        kind.name,
        kind.title,
        titles(kind.columns, shown),
        list(table_rows(kind.columns, shown)),
        len(rows) - len(shown),
    )


def _file(request: Any, kind: str, query: dict[str, str]) -> HttpResponseBase:
    if not request.user.has_perm(EXPORT):
        raise PermissionDenied
    return download(request, kind, fields_of(kind, query), FILE_FORMAT)


# Live


def live_view(request: HttpRequest) -> HttpResponse:
    live = live_numbers(clock.now())
    context = {
        **admin.site.each_context(request),
        "title": LIVE.title,
        "at": moment(live.at),
        "facts": [(title, f"{getattr(live, name):,}") for title, name in LIVE_FACTS],
        "by_name": live.by_name,
    }
    return TemplateResponse(request, "admin/analytics/live.html", context)


# Saved reports


def _saved(request: Any, dashboard: Dashboard) -> HttpResponseBase:
    """The query that the page shows, under a name."""
    asked, told = _asked(dashboard, request)
    form = SaveForm(request.POST)
    if not dashboard.saves or told or not form.is_valid():
        messages.error(request, "This cannot be saved as it is.")
        return HttpResponseRedirect(request.get_full_path())
    known = QUERIES[dashboard.saves]().fields
    query = {name: text for name, text in _query(dashboard, request).items() if name in known}
    save_report(
        actor_id=request.user.pk,
        name=form.cleaned_data["name"],
        kind=dashboard.saves,
        query=query,
        request_id=request_id_of(request),
    )
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse(f"admin:{SAVED.name}"))


class DeleteForm(forms.Form):
    report = forms.UUIDField()


def saved_view(request: Any) -> HttpResponseBase:
    if request.method == "POST":
        form = DeleteForm(request.POST)
        if form.is_valid():
            delete_report(
                actor_id=request.user.pk,
                report_id=form.cleaned_data["report"],
                request_id=request_id_of(request),
            )
            messages.success(request, "Deleted.")
        return HttpResponseRedirect(reverse(f"admin:{SAVED.name}"))
    rows = saved_reports()
    names = Names.of([row.saved_by for row in rows])
    context = {
        **admin.site.each_context(request),
        "title": SAVED.title,
        "rows": [
            {
                "id": row.pk,
                "name": row.name,
                "kind": KINDS[row.kind].title,
                "link": _link(row),
                "who": names[row.saved_by],
                "at": moment(row.saved_at),
                "is_own": row.saved_by == request.user.pk,
            }
            for row in rows
        ],
    }
    return TemplateResponse(request, "admin/analytics/saved.html", context)


def _link(row: SavedReport) -> str:
    """The dashboard that shows this kind, with the query that was saved."""
    page = next(one.page for one in DASHBOARDS if row.kind in one.kinds)
    return f"{reverse(f'admin:{page.name}')}?{urlencode(row.query)}"


COMPARED: Final = ("active-users", "acquisition", "messaging", "calling", "revenue")
"""Kinds that are shown with the days before."""
