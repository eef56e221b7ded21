"""The page of what waits for a second person."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import FreshDialogForm, dialog, done, reason_field
from pairly.accounts.staff_rows import Names, moment, person_link
from pairly.approvals import services
from pairly.approvals.models import Approval, State
from pairly.approvals.registry import title_of
from pairly.approvals.selectors import in_state, may_decide
from pairly.core.http import request_id_of

__all__ = ["ApprovalAdmin"]

STATES = {
    State.WAITING.label: "info",
    State.APPROVED.label: "success",
    State.REJECTED.label: "danger",
    State.WITHDRAWN.label: "",
    State.EXPIRED.label: "warning",
}


class DecisionForm(FreshDialogForm):
    reason = reason_field()


class StateFilter(admin.SimpleListFilter):
    """Always one state, waiting at first: the index is by state."""

    title = "state"
    parameter_name = "in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def choices(self, changelist: Any) -> Any:
        _all, *states = super().choices(changelist)
        yield from states

    def value(self) -> str:
        wanted = super().value()
        return wanted if wanted in State.values else str(State.WAITING)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return in_state(self.value())


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "fact_check"
    view_permission = "approvals.view"

    list_display = ("asked_at", "what", "target", "why", "by", "condition", "ends_at")
    list_filter = (StateFilter,)
    sortable_by = ()
    ordering = ("-id",)
    actions_detail = ("approve", "reject", "withdraw")
    fieldsets = (
        (
            "Request",
            {
                "fields": (
                    ("what", "condition"),
                    ("target", "payload_text"),
                    ("by", "asked_at"),
                    "reason",
                    ("ends_at", "id"),
                )
            },
        ),
        ("Decision", {"fields": (("decider", "ended_at"), "decision_reason")}),
    )
    readonly_fields = (
        *("what", "condition", "target", "payload_text", "by", "asked_at", "ends_at", "id"),
        *("decider", "ended_at"),
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Everybody's name in one query, for all rows."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        names = Names.of([row.requested_by for row in rows])
        for row in rows:
            row.requester = names[row.requested_by]
        changes.result_list = rows
        return changes

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what this member of staff may do about it now."""
        one = Approval.objects.filter(pk=object_id).first()
        offered: set[str] = set()
        if one is not None and may_decide(request.user, one):
            offered = {"approve", "reject"}
        elif one is not None and one.state == State.WAITING:
            offered = {"withdraw"} if one.requested_by == request.user.pk else set()
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.method.original_function_name in offered]

    @action(
        description="Approve",
        permissions=["approvals.view"],
        icon="check",
        variant=ActionVariant.SUCCESS,
        dialog=dialog(
            "Approve this", "It is carried out at once.", submit="Approve", form=DecisionForm
        ),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.approve(**_decision(request, form, object_id))
        return done(request, "Approved and carried out.", _page_of(object_id))

    @action(
        description="Reject",
        permissions=["approvals.view"],
        icon="close",
        variant=ActionVariant.DANGER,
        dialog=dialog("Reject this", "It is not done.", submit="Reject", form=DecisionForm),
    )
    def reject(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.reject(**_decision(request, form, object_id))
        return done(request, "Rejected.", _page_of(object_id))

    @action(
        description="Withdraw",
        permissions=["approvals.view"],
        icon="undo",
        dialog=dialog("Take your request back", "Nothing is done.", submit="Withdraw"),
    )
    def withdraw(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        services.withdraw(**_decision(request, form, object_id))
        return done(request, "Withdrawn.", _page_of(object_id))

    @display(description="Asked (UTC)")
    def asked_at(self, approval: Approval) -> str:
        return moment(approval.created_at)

    @display(description="What")
    def what(self, approval: Approval) -> str:
        return title_of(approval.kind)

    @display(description="About")
    def target(self, approval: Approval) -> str:
        if approval.target_type == "user":
            return person_link(UUID(approval.target_id), f"…{approval.target_id[-12:]}")
        return f"{approval.target_type} {approval.target_id}"

    @display(description="Reason")
    def why(self, approval: Approval) -> str:
        return format_html('<span class="staff-wrap">{}</span>', approval.reason)

    @display(description="Asked by")
    def by(self, approval: Any) -> str:
        return getattr(approval, "requester", "") or _name(approval.requested_by)

    @display(description="State", label=STATES)
    def condition(self, approval: Approval) -> str:
        return State(approval.state).label

    @display(description="Waits until")
    def ends_at(self, approval: Approval) -> str:
        return moment(approval.expires_at)

    @display(description="To be done")
    def payload_text(self, approval: Approval) -> str:
        lines = [f"{name.replace('_', ' ')}: {value}" for name, value in approval.payload.items()]
        return format_html('<pre class="staff-code">{}</pre>', "\n".join(lines))

    @display(description="Decided by")
    def decider(self, approval: Approval) -> str:
        return _name(approval.decided_by) if approval.decided_by else "–"

    @display(description="Ended (UTC)")
    def ended_at(self, approval: Approval) -> str:
        return moment(approval.decided_at)


def _name(user_id: UUID) -> str:
    return Names.of([user_id])[user_id]


def _decision(request: Any, form: Any, object_id: str) -> dict[str, Any]:
    return {
        "approval_id": UUID(object_id),
        "actor_id": request.user.pk,
        "reason": form.cleaned_data["reason"],
        "request_id": request_id_of(request),
    }


def _page_of(object_id: str) -> str:
    return reverse("admin:approvals_approval_change", args=[object_id])
