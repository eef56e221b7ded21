"""Broadcasts: written by one, let out by another, stopped by any of them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from notifications.broadcasts.models import (
    BODY_LENGTH_MAX,
    BROADCAST_KINDS,
    TITLE_LENGTH_MAX,
    Broadcast,
)
from notifications.broadcasts.segments import Segment
from notifications.broadcasts.services import request_broadcast, stop_broadcast
from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    FreshDialogForm,
    NumberField,
    SelectField,
    TextField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_rows import Names, chip, moment
from pairly.core.http import request_id_of

__all__ = ["BroadcastAdmin"]

COLOURS = {"waiting": "info", "sending": "info", "done": "success", "stopped": "", "dropped": ""}


class BroadcastForm(FreshDialogForm):
    kind = SelectField(label="What", choices=list(BROADCAST_KINDS.items()))
    title = TextField(label="Title", max_length=TITLE_LENGTH_MAX)
    body = TextField(label="Text", max_length=BODY_LENGTH_MAX, rows=3)
    title_hi = TextField(label="Title in Hindi", max_length=TITLE_LENGTH_MAX, required=False)
    body_hi = TextField(label="Text in Hindi", max_length=BODY_LENGTH_MAX, rows=3, required=False)
    country = TextField(label="Country, such as IN; all if empty", max_length=2, required=False)
    min_age = NumberField(label="From this age", min_value=18, max_value=120, required=False)
    max_age = NumberField(label="To this age", min_value=18, max_value=120, required=False)
    active_days = NumberField(
        label="Seen in the last days", min_value=1, max_value=365, required=False
    )
    per_minute = NumberField(label="People a minute", min_value=1, required=False)
    reason = reason_field()

    def segment(self) -> Segment:
        values = self.cleaned_data
        return Segment(
            country=values["country"].upper(),
            min_age=values["min_age"],
            max_age=values["max_age"],
            active_days=values["active_days"],
        )


class BroadcastAdmin(ReadOnlyAdmin):
    area = "Messaging"
    icon = "campaign"
    view_permission = "notifications.view"

    list_display = ("made", "title", "kind", "whom", "shown_state", "progress", "by")
    sortable_by = ()
    ordering = ("-id",)
    actions_list = ("write",)
    actions_detail = ("stop",)
    fieldsets = (
        (
            "Broadcast",
            {
                "fields": (
                    ("kind", "shown_state"),
                    ("whom", "progress"),
                    "per_minute",
                    ("by", "made"),
                    "reason",
                )
            },
        ),
        ("Text", {"fields": ("title", "text", "title_hi", "text_hi")}),
    )
    readonly_fields = (
        "shown_state",
        "whom",
        "progress",
        "by",
        "made",
        "text",
        "text_hi",
    )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        going = Broadcast.objects.filter(pk=object_id, state=Broadcast.State.SENDING).exists()
        return super().get_actions_detail(request, object_id) if going else []

    @action(
        description="Write a broadcast",
        permissions=["notifications.broadcast"],
        icon="campaign",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            "Tell many people",
            "A second person sees the text and the number of people before it goes out. Offers "
            "reach only who has agreed to them.",
            submit="Ask for approval",
            form=BroadcastForm,
        ),
    )
    def write(self, request: HttpRequest, form: BroadcastForm) -> HttpResponse:
        names = ("kind", "title", "body", "title_hi", "body_hi", "per_minute", "reason")
        made = request_broadcast(
            **{name: form.cleaned_data[name] for name in names},
            segment=form.segment(),
            **_who(request),
        )
        return done(request, f"{made.people:,} people; it waits for approval.", _page_of(made.pk))

    @action(
        description="Stop",
        permissions=["notifications.broadcast"],
        icon="cancel",
        variant=ActionVariant.DANGER,
        dialog=dialog("Stop this broadcast", "Nobody more is told.", submit="Stop"),
    )
    def stop(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        stop_broadcast(broadcast_id=UUID(object_id), reason=reason, **_who(request))
        return done(request, "It is stopped.", _page_of(object_id))

    @display(description="Written (UTC)")
    def made(self, broadcast: Broadcast) -> str:
        return moment(broadcast.created_at)

    @display(description="State")
    def shown_state(self, broadcast: Broadcast) -> str:
        return chip(broadcast.get_state_display(), COLOURS[broadcast.state])

    @display(description="Whom")
    def whom(self, broadcast: Broadcast) -> str:
        ages = (broadcast.min_age, broadcast.max_age)
        parts = [broadcast.country or "Everywhere"]
        if any(ages):
            parts.append(f"aged {ages[0] or 18} to {ages[1] or '…'}")
        if broadcast.active_days:
            parts.append(f"seen in {broadcast.active_days} days")
        return ", ".join(parts)

    @display(description="Told")
    def progress(self, broadcast: Broadcast) -> str:
        return f"{broadcast.told:,} of {broadcast.people:,}"

    @display(description="By")
    def by(self, broadcast: Broadcast) -> str:
        return Names.of([broadcast.created_by])[broadcast.created_by]

    @display(description="Text")
    def text(self, broadcast: Broadcast) -> str:
        return format_html('<span class="staff-wrap">{}</span>', broadcast.body)

    @display(description="Text in Hindi")
    def text_hi(self, broadcast: Broadcast) -> str:
        return format_html('<span class="staff-wrap">{}</span>', broadcast.body_hi or "–")


def _page_of(broadcast_id: UUID | str) -> str:
    return reverse("admin:notifications_broadcast_change", args=[broadcast_id])


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}
