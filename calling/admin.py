"""Calls on the staff site: those that go on, and everything about one."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from calling import clock, staff_calls
from calling.admin_statistics import STATISTICS, statistics_view
from calling.models import Call
from calling.services.refunds import refund_call
from pairly.accounts.models import Report
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    FreshDialogForm,
    NumberField,
    ReasonForm,
    SelectField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_filters import MadeAtFilter
from pairly.accounts.staff_panels import PANELS_TEMPLATE, Panel
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.core.http import request_id_of
from pairly.core.ids import new_id

__all__ = ["CallAdmin"]

COLOURS = {"ringing": "info", "accepted": "info", "active": "success", "ended": ""}
GRADES = {"good": "success", "fair": "warning", "poor": "danger"}


class LiveFilter(admin.SimpleListFilter):
    title = "now"
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Ringing or going on")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset & staff_calls.live_calls() if self.value() == "live" else queryset


class RefundCallForm(FreshDialogForm):
    """``operation`` names the refund, so that a form sent twice gives back once."""

    credits = NumberField(label="Credits", min_value=1, required=False)
    reason = reason_field()
    operation = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        call = get_object_or_404(Call, pk=object_id)
        left = call.credits - call.refunded
        self.fields["credits"].help_text = f"Empty: all that is left, {left}."


class FlagCallForm(ReasonForm):
    user_id = SelectField(label="Who did it")
    category = SelectField(label="What", choices=Report.Reason.choices)

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        call = get_object_or_404(Call, pk=object_id)
        names = Names.of(call.people)
        field: Any = self.fields["user_id"]
        field.choices = [(str(one), names[one]) for one in call.people]


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    area = "Messaging"
    icon = "call"
    view_permission = "users.view"

    list_display = ("made", "caller_name", "callee_name", "media", "state", "talked", "cost")
    list_filter = (LiveFilter, ("created_at", MadeAtFilter))
    list_select_related = ("caller", "callee")
    search_fields = ("id",)
    search_help_text = "An id of a call or of one of the two"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Call",
            {
                "fields": (
                    ("caller_name", "callee_name"),
                    ("state", "media"),
                    ("talked", "cost"),
                    ("quote", "id"),
                )
            },
        ),
    )
    readonly_fields = ("caller_name", "callee_name", "state", "talked", "cost", "quote", "id")
    change_form_after_template = PANELS_TEMPLATE
    actions_detail = ("end_now", "refund", "flag")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        found = staff_calls.calls_between(user_id=wanted)
        return queryset & (found | Call.objects.filter(pk=wanted)), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {**(extra_context or {}), "show_close": False}
        if self.has_view_permission(request) and self.get_object(request, object_id) is not None:
            found = staff_calls.look_at_timeline(call_id=UUID(object_id), **_who(request))
            context["panels"] = _panels(found)
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what can be done with it now."""
        call = Call.objects.filter(pk=object_id).first()
        offered = {"flag"} if call else set()
        if call is not None and call.is_live:
            offered.add("end_now")
        elif call is not None and call.credits > call.refunded:
            offered.add("refund")
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.method.original_function_name in offered]

    @display(description="Called (UTC)")
    def made(self, call: Call) -> str:
        return moment(call.created_at)

    @display(description="Caller")
    def caller_name(self, call: Call) -> str:
        return person_link(call.caller_id, call.caller.email)

    @display(description="Callee")
    def callee_name(self, call: Call) -> str:
        return person_link(call.callee_id, call.callee.email)

    @display(description="State")
    def state(self, call: Call) -> str:
        text = call.get_end_reason_display() if call.end_reason else call.get_status_display()
        return chip(text, COLOURS[call.status])

    @display(description="Talked")
    def talked(self, call: Call) -> str:
        seconds = call.billed_seconds
        if call.is_live:
            seconds = call.talked(clock.now()) // 1000
        return f"{seconds // 60}:{seconds % 60:02d}" if call.connected_at else "–"

    @display(description="Credits")
    def cost(self, call: Call) -> str:
        back = f", {call.refunded:,} given back" if call.refunded else ""
        return f"{call.credits:,}{back}"

    @display(description="Quote")
    def quote(self, call: Call) -> str:
        return f"{call.credits_per_minute} credits a minute of {call.minute_seconds} s"

    @action(
        description="End now",
        permissions=["moderation.act"],
        icon="call_end",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "End this call",
            "Both are told that Pairly ended it. It is charged up to now.",
            submit="End the call",
        ),
    )
    def end_now(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        staff_calls.end_call(
            call_id=UUID(object_id),
            now=clock.now(),
            reason=form.cleaned_data["reason"],
            **_who(request),
        )
        return done(request, "The call has ended.", _page_of(object_id))

    @action(
        description="Refund",
        permissions=["refunds.act"],
        icon="undo",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Refund this call",
            "The caller gets the credits back, and the callee gives up its share of them.",
            submit="Refund",
            form=RefundCallForm,
        ),
    )
    def refund(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        refund = refund_call(
            call_id=UUID(object_id),
            credits=values["credits"],
            reason=values["reason"],
            operation_id=values["operation"],
            now=clock.now(),
            **_who(request),
        )
        return done(request, f"{refund.credits} credits were given back.", _page_of(object_id))

    @action(
        description="Flag",
        permissions=["moderation.act"],
        icon="flag",
        dialog=dialog(
            "Flag this call",
            "It goes into the moderation queue, as a case about one of the two.",
            submit="Flag",
            form=FlagCallForm,
        ),
    )
    def flag(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        staff_calls.flag_call(
            call_id=UUID(object_id),
            user_id=UUID(values["user_id"]),
            category=values["category"],
            reason=values["reason"],
            now=clock.now(),
            **_who(request),
        )
        return done(request, "It is in the moderation queue.", _page_of(object_id))


site: Any = admin.site
site.add_page("call-statistics/", statistics_view, STATISTICS)


def _panels(found: staff_calls.Timeline) -> list[Panel]:
    return [_moments(found), _quality(found), _transfers(found)]


def _moments(found: staff_calls.Timeline) -> Panel:
    return Panel(
        title="What happened",
        icon="timeline",
        headers=("Time (UTC)", "What", "Who", "Device"),
        rows=[[moment(one.at), one.what, one.who, one.device_id or ""] for one in found.moments],
        wide=True,
    )


def _quality(found: staff_calls.Timeline) -> Panel:
    return Panel(
        title="Quality",
        icon="network_check",
        headers=("Side", "Grade", "Reports", "Round trip", "Lost", "Jitter", "Picture"),
        rows=[
            [
                found.call.side_of(one.user_id),
                chip(one.get_grade_display(), GRADES[one.grade]),
                one.version,
                f"{one.rtt_ms} ms",
                f"{one.loss_percent} %",
                f"{one.jitter_ms} ms",
                one.resolution or "–",
            ]
            for one in found.quality
        ],
        empty="No device has reported any.",
        wide=True,
    )


def _transfers(found: staff_calls.Timeline) -> Panel:
    return Panel(
        title="In the ledger",
        icon="receipt_long",
        headers=("Time (UTC)", "Transfer", "Phase", "Credits"),
        rows=[
            [moment(one.at), _transfer_link(one.id), one.phase, one.credits]
            for one in found.transfers
        ],
        empty="Nothing was held or charged.",
        wide=True,
    )


def _transfer_link(transfer_id: str) -> str:
    address = reverse("admin:payments_transfer_change", args=[transfer_id])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, transfer_id)


def _page_of(object_id: str) -> str:
    return reverse("admin:calling_call_change", args=[object_id])


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}
