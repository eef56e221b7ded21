"""Presence on the staff site: who is here, how many were, and one person's past."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_reports import Table, chart, table_row
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.core import clock
from pairly.core.errors import NotFound
from pairly.core.http import request_id_of
from presence import staff_presence
from presence.models import Count, DeviceKind
from presence.status import Status

__all__ = ["PAGE", "presence_view"]

PAGE = Page(
    name="presence", title="Presence", permission="system.view", area="People", icon="sensors"
)
HERE_SHOWN_MAX = 50
CHARTED = timedelta(hours=24)
CHARTED_MILLISECONDS = 30 * 60 * 1000
COLOURS = {Status.ONLINE: "success", Status.BUSY: "danger", Status.AWAY: "warning"}


class PresenceForm(forms.Form):
    """Of which people; or the past of one of them."""

    status = forms.ChoiceField(
        label="Who is",
        required=False,
        choices=[(one.value, one.label) for one in staff_presence.GROUPS],
        widget=UnfoldAdminSelectWidget,
    )
    person = forms.CharField(
        label="Or the past of",
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget({"placeholder": "E-mail or id", "type": "search"}),
    )


def presence_view(request: HttpRequest) -> HttpResponse:
    """Figures are for all who may open the page, people for those who may see people."""
    staff: Any = request.user
    form = PresenceForm({"status": Status.ONLINE.value, **request.GET.dict()})
    tables: list[Table] = []
    if staff.has_perm("users.view") and form.is_valid():
        wanted = form.cleaned_data["person"].strip()
        status = Status(form.cleaned_data["status"] or Status.ONLINE)
        tables = _past(request, form, wanted) if wanted else [_here(status)]
    now = clock.now()
    counts = staff_presence.counts_between(now - CHARTED, now)
    context = {
        **admin.site.each_context(request),
        "title": PAGE.title,
        "form": form if staff.has_perm("users.view") else (),
        "facts": [(s.label, f"{n:,}") for s, n in staff_presence.counts_now().items()],
        "charts": [_chart(counts)],
        "tables": tables,
    }
    return TemplateResponse(request, "staff/report.html", context)


def _here(status: Status) -> Table:
    people = staff_presence.here_now(status, offset=0, limit=HERE_SHOWN_MAX)
    rows = [
        table_row(
            [
                person_link(one.user_id, one.email),
                chip(status.label, COLOURS.get(status, "")),
                _devices(one.stays),
                moment(max((stay.active_at for stay in one.stays), default=None)),
                _past_link(one.user_id),
            ]
        )
        for one in people
    ]
    title = f"{status.label} now, the latest {HERE_SHOWN_MAX} to come"
    return Table(title, ("Person", "Shows as", "Devices", "Active (UTC)", ""), rows)


def _devices(stays: Iterable[staff_presence.Stay]) -> str:
    return ", ".join(sorted(stay.device_kind.label for stay in stays))


def _past_link(user_id: UUID) -> str:
    address = f"{reverse('admin:presence')}?person={user_id}"
    return format_html('<a class="staff-link" href="{}">Past</a>', address)


def _past(request: HttpRequest, form: PresenceForm, wanted: str) -> list[Table]:
    """The look is noted."""
    user_id = _person(wanted)
    try:
        if user_id is None:
            raise NotFound("There is no such person.")
        staff: Any = request.user
        found = staff_presence.look_at_history(
            user_id=user_id, actor_id=staff.pk, request_id=request_id_of(request)
        )
    except NotFound as error:
        form.add_error("person", error.detail)
        return []
    name = Names.of([user_id])[user_id]
    title = f"{name}: last seen {moment(found.last_seen_at)}, shown as: {found.mode.label}"
    now = [
        table_row([stay.device_kind.label, moment(stay.started_at), "still here"])
        for stay in found.stays
    ]
    past = [
        table_row([DeviceKind(one.device_kind).label, moment(one.started_at), moment(one.ended_at)])
        for one in found.past
    ]
    return [Table(title, ("Device", "From (UTC)", "To"), now + past)]


def _person(wanted: str) -> UUID | None:
    try:
        return UUID(wanted)
    except ValueError:
        user = user_by_email(wanted)
        return user.pk if user else None


def _chart(counts: Iterable[Count]) -> dict[str, Any]:
    """The first count of each half hour."""
    halves: dict[int, Count] = {}
    for one in counts:
        halves.setdefault(clock.to_milliseconds(one.at) // CHARTED_MILLISECONDS, one)
    rows = list(halves.values())
    return chart(
        "Here in the last 24 hours",
        [f"{one.at:%H:%M}" for one in rows],
        ("Online or in a call", [one.online + one.busy for one in rows]),
        ("Away", [one.away for one in rows]),
        ("Invisible", [one.invisible for one in rows]),
    )


site: Any = admin.site
site.add_page("presence/", presence_view, PAGE)
