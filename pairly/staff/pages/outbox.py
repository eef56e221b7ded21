"""Events between the apps: what waits, what failed, and doing something about it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.models import Mail
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import moment
from pairly.accounts.staff_selectors import starting_with
from pairly.audit.services import look
from pairly.core.http import request_id_of
from pairly.outbox.models import OutboxEvent
from pairly.staff.outbox import discard_event, failed_event_ids, retry_events

__all__ = ["MailAdmin", "OutboxAdmin"]

State = OutboxEvent.State
STATES = {
    State.PENDING.label: "info",
    State.DONE.label: "success",
    State.FAILED.label: "danger",
    State.DISCARDED.label: "warning",
}


class StateFilter(admin.SimpleListFilter):
    """Always one state, waiting at first: the index is by state and time."""

    title = "state"
    parameter_name = "in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State]

    def choices(self, changelist: Any) -> Any:
        _all, *states = super().choices(changelist)
        yield from states

    def value(self) -> str:
        wanted = super().value()
        return wanted if wanted in State.values else str(State.PENDING)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value())


class ByIndex(ChangeList):
    """Ordered by the index alone: with the key appended the database would sort by itself."""

    def _get_deterministic_ordering(self, ordering: Any) -> Any:
        return ordering


class OutboxAdmin(ReadOnlyAdmin):
    area = "System"
    icon = "outbox"
    view_permission = "system.view"

    list_display = ("kind_name", "handler_name", "condition", "attempts", "due", "error_start")
    list_filter = (StateFilter,)
    sortable_by = ()
    ordering = ("-due_at",)
    actions_list = ("retry_all",)
    actions_detail = ("retry", "discard")
    fieldsets = (
        (
            "Event",
            {
                "fields": (
                    ("condition", "attempts"),
                    ("kind", "handler"),
                    ("created", "due"),
                    "last_error",
                    ("payload", "id"),
                )
            },
        ),
    )
    readonly_fields = ("condition", "created", "due", "id")

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return ByIndex

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        failed = OutboxEvent.objects.filter(pk=object_id, state=State.FAILED)
        return super().get_actions_detail(request, object_id) if failed.exists() else []

    @action(
        description="Retry all failed",
        permissions=["system.act"],
        icon="replay",
        dialog=dialog(
            "Retry all failed events", "The oldest 500 get fresh attempts.", submit="Retry"
        ),
    )
    def retry_all(self, request: HttpRequest, form: Any) -> HttpResponse:
        count = retry_events(event_ids=failed_event_ids(), **_why(request, form))
        return done(request, f"{count} events are tried again.", _list())

    @action(
        description="Retry",
        permissions=["system.act"],
        icon="replay",
        dialog=dialog("Retry this event", "Its handler is called again now.", submit="Retry"),
    )
    def retry(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        retry_events(event_ids=[UUID(object_id)], **_why(request, form))
        return done(request, "It is tried again.", _list())

    @action(
        description="Discard",
        permissions=["system.act"],
        icon="delete",
        variant=ActionVariant.DANGER,
        dialog=dialog("Discard this event", "Its handler is never called.", submit="Discard"),
    )
    def discard(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        discard_event(event_id=UUID(object_id), **_why(request, form))
        return done(request, "Discarded.", _list())

    @display(description="Event")
    def kind_name(self, event: OutboxEvent) -> str:
        return event.kind.rpartition(".")[2]

    @display(description="Handler")
    def handler_name(self, event: OutboxEvent) -> str:
        return event.handler

    @display(description="State", label=STATES)
    def condition(self, event: OutboxEvent) -> str:
        return State(event.state).label

    @display(description="Made (UTC)")
    def created(self, event: OutboxEvent) -> str:
        return moment(event.created_at)

    @display(description="Next look (UTC)")
    def due(self, event: OutboxEvent) -> str:
        return moment(event.due_at)

    @display(description="Last error", empty_value="")
    def error_start(self, event: OutboxEvent) -> str:
        return event.last_error[:80]


class MailAdmin(ReadOnlyAdmin):
    """The mails of mock mode, which are kept and not sent."""

    area = "System"
    icon = "mail"
    view_permission = "users.view"

    list_display = ("recipient", "subject", "made_at")
    search_fields = ("recipient",)
    search_help_text = "The start of the recipient's address"
    sortable_by = ()
    ordering = ("-id",)
    fields = (("recipient", "made_at"), "subject", "written")
    readonly_fields = ("made_at", "written")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found = starting_with("recipient", search_term.strip().lower())
        return (queryset.filter(found) if search_term else queryset), False

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        look(
            actor_id=request.user.pk,
            action="mail.viewed",
            target_type="mail",
            target_id=object_id,
            request_id=request_id_of(request),
        )
        return super().change_view(request, object_id, *rest, **context)

    @display(description="Text")
    def written(self, mail: Mail) -> str:
        return format_html('<pre class="staff-code">{}</pre>', mail.text)

    @display(description="Written (UTC)")
    def made_at(self, mail: Mail) -> str:
        return moment(mail.created_at)


def _why(request: Any, form: Any) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "reason": form.cleaned_data["reason"],
        "request_id": request_id_of(request),
    }


def _list() -> str:
    return reverse("admin:outbox_outboxevent_changelist")
