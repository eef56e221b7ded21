"""Deliveries: what went out on which channel, what did not and why, and sending it again."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from notifications.kinds import CHANNELS, KINDS
from notifications.models import Delivery
from notifications.services.staff import REPLAYED_AT_ONCE_MAX, replay_dead, replay_delivery
from notifications.staff_selectors import deliveries, history_of
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import ReasonForm, SelectField, dialog, done
from pairly.accounts.staff_filters import MadeAtFilter
from pairly.accounts.staff_panels import PANELS_TEMPLATE, Panel
from pairly.accounts.staff_rows import Names, chip, moment, person_link
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.http import request_id_of

__all__ = ["DeliveryAdmin"]

COLOURS = {
    "pending": "info",
    "sending": "info",
    "failed": "warning",
    "sent": "success",
    "delivered": "success",
    "opened": "success",
    "skipped": "",
    "dead": "danger",
}


class ReplayDeadForm(ReasonForm):
    channel = SelectField(
        label="Channel",
        required=False,
        choices=[("", "All"), *((one, one) for one in CHANNELS if one != "in_app")],
    )


class DeliveryAdmin(ReadOnlyAdmin):
    area = "Messaging"
    icon = "notifications"
    view_permission = "notifications.view"

    list_display = ("made", "person", "what", "channel", "shown_state", "attempts", "detail")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("created_at", MadeAtFilter),
    )
    search_fields = ("id",)
    search_help_text = "An id of a person or of a delivery"
    sortable_by = ()
    ordering = ("-id",)
    actions_list = ("replay_all_dead",)
    actions_detail = ("replay",)
    change_form_after_template = PANELS_TEMPLATE
    fieldsets = (
        (
            "Delivery",
            {
                "fields": (
                    ("what", "channel"),
                    ("shown_state", "person"),
                    ("attempts", "replays"),
                    ("made", "sent"),
                    ("heard", "heard_at"),
                    ("due", "template_version"),
                    ("provider_ref", "id"),
                    "detail",
                )
            },
        ),
        ("What the list says", {"fields": ("title", "body")}),
    )
    readonly_fields = (
        "what",
        "shown_state",
        "person",
        "made",
        "sent",
        "heard",
        "heard_at",
        "due",
        "title",
        "body",
        "id",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        return queryset & (deliveries(user_id=wanted) | Delivery.objects.filter(pk=wanted)), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Everybody's name in one query, for all rows."""
        changes = super().get_changelist_instance(request)
        rows = list(changes.result_list)
        names = Names.of([row.user_id for row in rows])
        for row in rows:
            row.person_name = names[row.user_id]
        changes.result_list = rows
        return changes

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """It shows what the person was told lately, so each look is noted."""
        context = {**(extra_context or {}), "show_close": False}
        found = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if found is not None:
            told = {"target_type": "user", "target_id": found.user_id}
            look(action="notifications.viewed", **told, **_who(request))
            context["panels"] = [_history(found.user_id)]
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only a dead letter is replayed."""
        dead = Delivery.objects.filter(pk=object_id, state=Delivery.State.DEAD).exists()
        return super().get_actions_detail(request, object_id) if dead else []

    @action(
        description="Replay",
        permissions=["notifications.act"],
        icon="replay",
        dialog=dialog(
            "Send it again",
            "It has fresh attempts at once. What the person wishes by now still counts.",
            submit="Replay",
        ),
    )
    def replay(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        replay_delivery(delivery_id=UUID(object_id), **_why(request, form))
        address = reverse("admin:notifications_delivery_change", args=[object_id])
        return done(request, "It is sent again.", address)

    @action(
        description="Replay dead letters",
        permissions=["notifications.act"],
        icon="replay",
        dialog=dialog(
            "Send dead letters again",
            f"The newest {REPLAYED_AT_ONCE_MAX} that have replays left have fresh attempts.",
            submit="Replay",
            form=ReplayDeadForm,
        ),
    )
    def replay_all_dead(self, request: HttpRequest, form: Any) -> HttpResponse:
        count = replay_dead(channel=form.cleaned_data["channel"], **_why(request, form))
        address = reverse("admin:notifications_delivery_changelist")
        return done(request, f"{count} deliveries are sent again.", address)

    @display(description="Made (UTC)")
    def made(self, delivery: Delivery) -> str:
        return moment(delivery.created_at)

    @display(description="Sent (UTC)")
    def sent(self, delivery: Delivery) -> str:
        return moment(delivery.sent_at)

    @display(description="Heard of it since")
    def heard(self, delivery: Delivery) -> str:
        return delivery.get_receipt_display()

    @display(description="Heard at (UTC)")
    def heard_at(self, delivery: Delivery) -> str:
        return moment(delivery.receipt_at)

    @display(description="Looked at next")
    def due(self, delivery: Delivery) -> str:
        return moment(delivery.due_at)

    @display(description="Person")
    def person(self, delivery: Any) -> str:
        name = (
            getattr(delivery, "person_name", "") or Names.of([delivery.user_id])[delivery.user_id]
        )
        return person_link(delivery.user_id, name)

    @display(description="What")
    def what(self, delivery: Delivery) -> str:
        kind = KINDS.get(delivery.kind)
        return kind.title if kind else delivery.kind

    @display(description="State")
    def shown_state(self, delivery: Delivery) -> str:
        label = chip(delivery.get_state_display(), COLOURS[delivery.state])
        if not delivery.reason:
            return label
        note = delivery.get_reason_display()
        return format_html('{}<span class="staff-note">{}</span>', label, note)

    @display(description="Title")
    def title(self, delivery: Delivery) -> str:
        return delivery.notification.title

    @display(description="Body")
    def body(self, delivery: Delivery) -> str:
        return delivery.notification.body


def _history(user_id: UUID) -> Panel:
    return Panel(
        title="What this person was told lately",
        icon="history",
        headers=("Time (UTC)", "What", "Read", "Channels"),
        rows=[
            [
                moment(row.created_at),
                row.title,
                moment(row.read_at),
                ", ".join(
                    f"{one.channel} {one.state}" + (f" ({one.reason})" if one.reason else "")
                    for one in made
                ),
            ]
            for row, made in history_of(user_id)
        ],
        empty="Nothing.",
        wide=True,
    )


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _why(request: Any, form: Any) -> dict[str, Any]:
    return {"reason": form.cleaned_data["reason"], "now": clock.now(), **_who(request)}
