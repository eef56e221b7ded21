"""Alerts: what is wrong, who looks after it, and what was wrong before."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import Names, moment
from pairly.alerts.models import Alert, Severity
from pairly.alerts.services import acknowledge_alert, resolve_alert
from pairly.core import clock
from pairly.core.http import request_id_of

__all__ = ["AlertAdmin"]

State = Alert.State
SEVERITIES = {Severity.WARNING.label: "warning", Severity.CRITICAL.label: "danger"}


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


class AlertAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "notifications"
    view_permission = "system.view"

    list_display = ("shown_severity", "title", "kind", "count", "last_seen", "looked_after")
    list_display_links = ("title",)
    list_filter = (StateFilter,)
    sortable_by = ()
    ordering = ("-id",)
    actions_detail = ("acknowledge", "resolve")
    fieldsets = (
        (
            "Alert",
            {
                "fields": (
                    "title",
                    "details",
                    ("shown_severity", "count"),
                    ("kind", "key"),
                    ("first_seen", "last_seen"),
                )
            },
        ),
        ("What became of it", {"fields": ("acknowledged", "resolved", "note", "id")}),
    )
    readonly_fields = (
        *("shown_severity", "first_seen", "last_seen"),
        *("acknowledged", "resolved", "id"),
    )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Of an open alert; to acknowledge only as long as nobody has."""
        alert = Alert.objects.filter(pk=object_id, state=State.OPEN).first()
        if alert is None:
            return []
        offered: list[Any] = super().get_actions_detail(request, object_id)
        if alert.acknowledged_at is None:
            return offered
        return [one for one in offered if "acknowledge" not in one.action_name]

    @action(
        description="Acknowledge",
        permissions=["system.act"],
        icon="visibility",
        dialog=dialog(
            "Acknowledge this alert",
            "Colleagues see that you look after it. It stays open.",
            submit="Acknowledge",
        ),
    )
    def acknowledge(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        acknowledge_alert(alert_id=UUID(object_id), **_why(request, form))
        return done(request, "You look after it now.", _list())

    @action(
        description="Resolve",
        permissions=["system.act"],
        icon="check",
        dialog=dialog(
            "Resolve this alert",
            "It is over. What is still wrong is raised again, as a new alert.",
            submit="Resolve",
        ),
    )
    def resolve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        resolve_alert(alert_id=UUID(object_id), **_why(request, form))
        return done(request, "Resolved.", _list())

    @display(description="Severity", label=SEVERITIES)
    def shown_severity(self, alert: Alert) -> str:
        return alert.get_severity_display()

    @display(description="First seen (UTC)")
    def first_seen(self, alert: Alert) -> str:
        return moment(alert.first_seen_at)

    @display(description="Last seen (UTC)")
    def last_seen(self, alert: Alert) -> str:
        return moment(alert.last_seen_at)

    @display(description="Looked after", boolean=True)
    def looked_after(self, alert: Alert) -> bool:
        return alert.acknowledged_at is not None or alert.state == State.RESOLVED

    @display(description="Acknowledged")
    def acknowledged(self, alert: Alert) -> str:
        return _decided(alert.acknowledged_at, alert.acknowledged_by_id)

    @display(description="Resolved")
    def resolved(self, alert: Alert) -> str:
        if alert.resolved_at is not None and alert.resolved_by_id is None and not alert.note:
            return f"{moment(alert.resolved_at)}, was over by itself"
        return _decided(alert.resolved_at, alert.resolved_by_id)


def _decided(at: Any, by: UUID | None) -> str:
    return f"{moment(at)} by {Names.of([by])[by]}" if at else "–"


def _why(request: Any, form: Any) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "reason": form.cleaned_data["reason"],
        "request_id": request_id_of(request),
        "now": clock.now(),
    }


def _list() -> str:
    return reverse("admin:alerts_alert_changelist")
