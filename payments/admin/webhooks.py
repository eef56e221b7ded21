"""Webhooks: what providers sent, as it came, and how far it has got."""

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_rows import chip, moment
from payments.admin.filters import DayFilter, ProviderFilter
from payments.models import Webhook
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
}


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
    fieldsets = (
        (
            "Event",
            {
                "fields": (
                    ("provider", "type"),
                    ("event_id", "id"),
                    ("shown_state", "attempts"),
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
        return _code(json.dumps(json.loads(webhook.body), indent=2, ensure_ascii=False))


def _code(text: str) -> str:
    return format_html('<pre class="staff-code">{}</pre>', text)
