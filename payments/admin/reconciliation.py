"""Reconciliation: runs over providers' statements, and the breaks that they found."""

from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    FreshDialogForm,
    ReasonForm,
    SelectField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_rows import Names, chip, moment
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.admin.filters import ProviderFilter
from payments.currencies import money_text
from payments.models import Break, Reconciliation
from payments.reconciliation.decisions import (
    assign_break,
    explain_break,
    possible_owners,
    resolve_break,
)
from payments.reconciliation.selectors import breaks_named

__all__ = ["BreakAdmin", "ReconciliationAdmin"]

State = Break.State
BREAK_COLOURS = {State.OPEN: "danger", State.EXPLAINED: "info", State.RESOLVED: "success"}
RUN_COLOURS = {"running": "info", "done": "success", "failed": "danger"}


class ReconciliationAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "rule"
    view_permission = "payments.view"

    list_display = ("started", "provider", "window", "shown_state", "compared", "found", "closed")
    list_filter = (ProviderFilter,)
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Run",
            {
                "fields": (
                    ("provider", "shown_state"),
                    ("window", "started"),
                    ("lines", "bookings"),
                    ("breaks_found", "breaks_opened"),
                    ("breaks_closed", "mended"),
                    ("fees_booked", "id"),
                    "error",
                )
            },
        ),
        ("What both sides come to", {"fields": ("shown_totals",)}),
    )
    readonly_fields = ("shown_state", "window", "started", "shown_totals", "id")

    @display(description="Started (UTC)")
    def started(self, run: Reconciliation) -> str:
        return moment(run.started_at)

    @display(description="Time (UTC)")
    def window(self, run: Reconciliation) -> str:
        return f"{run.since:%Y-%m-%d %H:%M} to {run.until:%Y-%m-%d %H:%M}"

    @display(description="State")
    def shown_state(self, run: Reconciliation) -> str:
        return chip(run.get_state_display(), RUN_COLOURS[run.state])

    @display(description="Lines and bookings")
    def compared(self, run: Reconciliation) -> str:
        return f"{run.lines:,} and {run.bookings:,}"

    @display(description="Breaks (new)")
    def found(self, run: Reconciliation) -> str:
        return f"{run.breaks_found:,} ({run.breaks_opened:,})"

    @display(description="Gone")
    def closed(self, run: Reconciliation) -> str:
        return f"{run.breaks_closed:,}"

    @display(description="By currency")
    def shown_totals(self, run: Reconciliation) -> str:
        lines = [
            f"{currency}  statement {_money(one['statement'], currency)}"
            f"  ledger {_money(one['ledger'], currency)}"
            f"  difference {_money(one['statement'] - one['ledger'], currency)}"
            f"  fees {_money(one['fees'], currency)}"
            for currency, one in sorted(orjson.loads(run.totals).items())
        ]
        return format_html('<pre class="staff-code">{}</pre>', "\n".join(lines) or "–")


class StateFilter(admin.SimpleListFilter):
    """Open ones at first; one state at a time, as the index is."""

    title = "state"
    parameter_name = "in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def choices(self, changelist: Any) -> Any:
        _all, *states = super().choices(changelist)
        yield from states

    def value(self) -> str:
        wanted = super().value()
        return wanted if wanted in State.values else str(State.OPEN)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value())


class DecisionForm(FreshDialogForm):
    reason = reason_field()


class AssignForm(ReasonForm):
    field_order = ("owner", "reason")

    owner = SelectField(label="Who looks after it", required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        owner: Any = self.fields["owner"]
        owner.choices = [("", "Nobody"), *possible_owners().items()]


class BreakAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "difference"
    view_permission = "payments.view"

    list_display = (
        *("occurred", "provider", "shown_kind", "shown_detail", "purchase", "age", "owner"),
        "shown_state",
    )
    list_filter = (StateFilter, ProviderFilter, ("kind", ChoicesDropdownFilter))
    search_fields = ("id",)
    search_help_text = "An id of the break or of the purchase"
    sortable_by = ()
    ordering = ("-id",)
    actions_detail = ("assign", "explain", "resolve")
    fieldsets = (
        (
            "Break",
            {
                "fields": (
                    ("shown_kind", "shown_state"),
                    ("provider", "occurred"),
                    "shown_detail",
                    ("statement_says", "ledger_says"),
                    ("purchase", "shown_operation"),
                    ("subject", "id"),
                )
            },
        ),
        (
            "What became of it",
            {"fields": (("owner", "age"), ("opened", "seen"), "note", ("run", "resolved"))},
        ),
    )
    readonly_fields = (
        *("shown_kind", "shown_state", "occurred", "shown_detail", "statement_says"),
        *("ledger_says", "purchase", "shown_operation", "owner", "age", "opened", "seen", "run"),
        *("resolved", "id"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & breaks_named(search_term) if search_term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The owners of all rows in one query."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        names = Names.of([row.owner_id for row in rows if row.owner_id])
        for row in rows:
            row.owner_name = names[row.owner_id] if row.owner_id else "–"
        changes.result_list = rows
        return changes

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Nothing is left to be done about a resolved one; an explained one is explained."""
        row = Break.objects.filter(pk=object_id).exclude(state=State.RESOLVED).first()
        if row is None:
            return []
        offered: list[Any] = super().get_actions_detail(request, object_id)
        if row.state == State.OPEN:
            return offered
        return [one for one in offered if one.method.original_function_name != "explain"]

    @action(
        description="Assign",
        permissions=["payments.act"],
        icon="person",
        dialog=dialog(
            "Who looks after this break", "It stays open.", submit="Assign", form=AssignForm
        ),
    )
    def assign(self, request: HttpRequest, form: AssignForm, object_id: str) -> HttpResponse:
        owner = form.cleaned_data["owner"]
        assign_break(
            break_id=UUID(object_id),
            owner_id=UUID(owner) if owner else None,
            **_why(request, form),
        )
        return done(request, "Assigned.", _page_of(object_id))

    @action(
        description="Explain",
        permissions=["payments.act"],
        icon="lightbulb",
        dialog=dialog(
            "Explain this break",
            "It may stay, as long as what differs stays the same.",
            submit="Explain",
            form=DecisionForm,
        ),
    )
    def explain(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        explain_break(break_id=UUID(object_id), **_why(request, form))
        return done(request, "Explained.", _page_of(object_id))

    @action(
        description="Resolve",
        permissions=["payments.act"],
        icon="check",
        dialog=dialog(
            "Resolve this break",
            "It is settled. A run that finds it all the same opens it again.",
            submit="Resolve",
            form=DecisionForm,
        ),
    )
    def resolve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        resolve_break(break_id=UUID(object_id), **_why(request, form))
        return done(request, "Resolved.", _page_of(object_id))

    @display(description="Happened (UTC)")
    def occurred(self, row: Break) -> str:
        return moment(row.occurred_at)

    @display(description="Class")
    def shown_kind(self, row: Break) -> str:
        return row.get_kind_display()

    @display(description="What differs")
    def shown_detail(self, row: Break) -> str:
        return format_html('<span class="staff-wrap">{}</span>', row.detail)

    @display(description="State")
    def shown_state(self, row: Break) -> str:
        return chip(row.get_state_display(), BREAK_COLOURS[State(row.state)])

    @display(description="Statement")
    def statement_says(self, row: Break) -> str:
        return _money(row.statement_minor, row.currency)

    @display(description="Our books")
    def ledger_says(self, row: Break) -> str:
        return _money(row.ledger_minor, row.currency)

    @display(description="Purchase")
    def purchase(self, row: Break) -> str:
        if row.intent_id is None:
            return "–"
        address = reverse("admin:payments_intent_change", args=[row.intent_id])
        return format_html(
            '<a class="staff-link" href="{}">{}</a>', address, row.intent_id.hex[-12:]
        )

    @display(description="In the ledger")
    def shown_operation(self, row: Break) -> str:
        if not row.operation:
            return "–"
        address = reverse("admin:payments_transfer_changelist")
        return format_html(
            '<a class="staff-link" href="{}?q={}">{}</a>', address, row.operation, row.operation
        )

    @display(description="Age")
    def age(self, row: Break) -> str:
        return timesince(row.opened_at, row.resolved_at or clock.now(), depth=1)

    @display(description="Looked after by")
    def owner(self, row: Any) -> str:
        if hasattr(row, "owner_name"):
            return str(row.owner_name)
        return Names.of([row.owner_id])[row.owner_id] if row.owner_id else "–"

    @display(description="Opened")
    def opened(self, row: Break) -> str:
        return moment(row.opened_at)

    @display(description="Last found")
    def seen(self, row: Break) -> str:
        return moment(row.seen_at)

    @display(description="By the run")
    def run(self, row: Break) -> str:
        address = reverse("admin:payments_reconciliation_change", args=[row.run_id])
        return format_html('<a class="staff-link" href="{}">{}</a>', address, row.run_id)

    @display(description="Resolved")
    def resolved(self, row: Break) -> str:
        if row.resolved_at is None:
            return "–"
        by = "a run"
        if row.resolved_by_id is not None:
            by = Names.of([row.resolved_by_id])[row.resolved_by_id]
        return f"{moment(row.resolved_at)} by {by}"


def _money(amount_minor: int | None, currency: str) -> str:
    return "–" if amount_minor is None else money_text(amount_minor, currency)


def _why(request: Any, form: forms.Form) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "request_id": request_id_of(request),
        "reason": form.cleaned_data["reason"],
        "now": clock.now(),
    }


def _page_of(break_id: str) -> str:
    return reverse("admin:payments_break_change", args=[break_id])
