"""Webhooks: what providers sent, as it came, and how far it has got."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import (
    FreshDialogForm,
    SelectField,
    dialog,
    done,
    reason_field,
)
from pairly.accounts.staff_rows import chip, moment
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.admin.filters import DayFilter, ProviderFilter
from payments.gateways.registry import provider_names
from payments.models import Webhook
from payments.webhooks.decisions import (
    DISCARDABLE,
    REPLAYABLE,
    REPLAYED_AT_ONCE_MAX,
    discard_webhook,
    replay_dead_webhooks,
    replay_webhook,
)
from payments.webhooks.processing import DUE_STATES
from payments.webhooks.selectors import find_webhooks

__all__ = ["WebhookAdmin"]

ERROR_CHARACTERS_SHOWN = 100
STATE_COLOURS = {
    "received": "info",
    "processing": "info",
    "done": "success",
    "ignored": "",
    "failed": "warning",
    "dead": "danger",
    "discarded": "",
}


class ReasonForm(FreshDialogForm):
    reason = reason_field()


class ReplayDeadForm(FreshDialogForm):
    provider = SelectField(label="Provider", required=False)
    reason = reason_field()

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        provider: Any = self.fields["provider"]
        provider.choices = [("", "All"), *((name, name.title()) for name in provider_names())]


class WebhookAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "webhook"
    view_permission = "payments.view"

    list_display = ("received", "provider", "type", "shown_state", "attempts", "error_start")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ProviderFilter,
        ("created_at", DayFilter),
    )
    search_fields = ("id",)
    search_help_text = "An id of the event, of the webhook, or of the purchase"
    sortable_by = ()
    ordering = ("-id",)
    actions_list = ("replay_dead",)
    actions_detail = ("replay", "discard")
    fieldsets = (
        (
            "Event",
            {
                "fields": (
                    ("provider", "type"),
                    ("event_id", "id"),
                    ("shown_state", "attempts", "replays"),
                    ("received", "processed"),
                    ("due", "purchase"),
                    "last_error",
                )
            },
        ),
        ("As it came", {"fields": ("shown_headers", "shown_body")}),
    )
    readonly_fields = (
        *("shown_state", "purchase", "shown_headers", "shown_body", "id"),
        *("received", "processed", "due"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_webhooks(search_term) if search_term else queryset), False

    def change_view(self, request: Any, object_id: str, *rest: Any, **context: Any) -> Any:
        """Bodies tell of buyers, so each look is noted."""
        if self.get_object(request, object_id) is not None:
            look(
                action="webhook.viewed", target_type="webhook", target_id=object_id, **_who(request)
            )
        return super().change_view(request, object_id, *rest, **context)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Those that the event's state allows."""
        states = Webhook.objects.filter(pk=object_id).values_list("state", flat=True)
        allowed = {
            name
            for state in states
            for name, among in (("replay", REPLAYABLE), ("discard", DISCARDABLE))
            if state in among
        }
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if one.method.original_function_name in allowed]

    @action(
        description="Replay",
        permissions=["payments.act"],
        icon="replay",
        dialog=dialog(
            "Replay this event",
            "It is processed again now. What it has done already is not done twice.",
            submit="Replay",
            form=ReasonForm,
        ),
    )
    def replay(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        replay_webhook(webhook_id=UUID(object_id), **_why(request, form))
        return done(request, "It is processed again.", _page_of(object_id))

    @action(
        description="Discard",
        permissions=["payments.act"],
        icon="delete",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Discard this event",
            "Nothing is made of it, also when the provider sends it again.",
            submit="Discard",
            form=ReasonForm,
        ),
    )
    def discard(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        discard_webhook(webhook_id=UUID(object_id), **_why(request, form))
        return done(request, "Discarded.", _page_of(object_id))

    @action(
        description="Replay dead letters",
        permissions=["payments.act"],
        icon="replay",
        dialog=dialog(
            "Replay dead letters",
            f"The oldest {REPLAYED_AT_ONCE_MAX} that have replays left are processed again now.",
            submit="Replay",
            form=ReplayDeadForm,
        ),
    )
    def replay_dead(self, request: HttpRequest, form: Any) -> HttpResponse:
        provider = form.cleaned_data["provider"]
        count = replay_dead_webhooks(provider=provider, **_why(request, form))
        return done(request, f"{count} events are processed again.", _list())

    @display(description="State")
    def shown_state(self, webhook: Webhook) -> str:
        return chip(webhook.get_state_display(), STATE_COLOURS[webhook.state])

    @display(description="Received (UTC)")
    def received(self, webhook: Webhook) -> str:
        return moment(webhook.created_at)

    @display(description="Processed")
    def processed(self, webhook: Webhook) -> str:
        return moment(webhook.processed_at)

    @display(description="Looked at next")
    def due(self, webhook: Webhook) -> str:
        return moment(webhook.due_at) if webhook.state in DUE_STATES else "–"

    @display(description="Last error")
    def error_start(self, webhook: Webhook) -> str:
        return webhook.last_error[:ERROR_CHARACTERS_SHOWN]

    @display(description="Purchase")
    def purchase(self, webhook: Webhook) -> str:
        if webhook.intent_id is None:
            return "–"
        address = reverse("admin:payments_intent_change", args=[webhook.intent_id])
        return format_html('<a class="staff-link" href="{}">{}</a>', address, webhook.intent_id)

    @display(description="Headers")
    def shown_headers(self, webhook: Webhook) -> str:
        return _code(json.dumps(webhook.headers, indent=2))

    @display(description="Body")
    def shown_body(self, webhook: Webhook) -> str:
        if not webhook.body:
            return "Not kept any more"
        return _code(json.dumps(json.loads(webhook.body), indent=2, ensure_ascii=False))


def _who(request: Any) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _why(request: HttpRequest, form: forms.Form) -> dict[str, Any]:
    return {**_who(request), "reason": form.cleaned_data["reason"], "now": clock.now()}


def _page_of(webhook_id: str) -> str:
    return reverse("admin:payments_webhook_change", args=[webhook_id])


def _list() -> str:
    return reverse("admin:payments_webhook_changelist")


def _code(text: str) -> str:
    return format_html('<pre class="staff-code">{}</pre>', text)
