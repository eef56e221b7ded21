"""Purchases: the list, one with its history, and what was observed but not believed."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_rows import chip, moment, person_link
from payments.admin.filters import DayFilter, ProviderFilter
from payments.currencies import format_amount
from payments.intents.selectors import find_intents, history_of
from payments.models import Intent, Observed, Receipt, Webhook

__all__ = ["IntentAdmin", "ObservedAdmin"]

STATUS_COLOURS = {
    "succeeded": "success",
    "failed": "danger",
    "expired": "warning",
    "canceled": "warning",
    "unknown": "danger",
    "processing": "info",
    "requires_action": "info",
}
VERDICT_COLOURS = {"applied": "success", "set_aside": "danger", "ignored": ""}
WEBHOOKS_SHOWN_MAX = 50


class IntentAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "shopping_cart"
    view_permission = "payments.view"

    list_display = ("begun", "buyer", "package_code", "amount", "provider", "shown_status")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ProviderFilter,
        ("created_at", DayFilter),
    )
    list_select_related = ("user",)
    search_fields = ("id",)
    search_help_text = "An e-mail address, an id of ours or of the provider, a receipt's number"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Purchase",
            {
                "fields": (
                    ("shown_status", "failure_code"),
                    ("buyer", "id"),
                    ("package_code", "credits"),
                    ("amount", "receipt"),
                    ("provider", "provider_ref"),
                    ("begun", "expires"),
                    ("paid", "asked_next"),
                )
            },
        ),
    )
    readonly_fields = (
        *("shown_status", "buyer", "amount", "receipt", "id", "package_code"),
        *("begun", "expires", "paid", "asked_next"),
    )
    change_form_after_template = "admin/payments/intent/history.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_intents(search_term) if search_term else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        intent = self.get_object(request, object_id)
        context = {**(extra_context or {}), "show_close": False}
        if intent is not None:
            context |= _history(intent)
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    @display(description="Status")
    def shown_status(self, intent: Intent) -> str:
        return chip(intent.get_status_display(), STATUS_COLOURS.get(intent.status, ""))

    @display(description="Buyer")
    def buyer(self, intent: Intent) -> str:
        return person_link(intent.user_id, intent.user.email)

    @display(description="Package")
    def package_code(self, intent: Intent) -> str:
        return intent.package_id

    @display(description="Begun (UTC)")
    def begun(self, intent: Intent) -> str:
        return moment(intent.created_at)

    @display(description="Expires")
    def expires(self, intent: Intent) -> str:
        return moment(intent.expires_at)

    @display(description="Paid")
    def paid(self, intent: Intent) -> str:
        return moment(intent.paid_at)

    @display(description="Provider is asked next")
    def asked_next(self, intent: Intent) -> str:
        return moment(intent.follow_up_at)

    @display(description="Amount")
    def amount(self, intent: Intent) -> str:
        return format_amount(intent.amount_minor, intent.currency)

    @display(description="Receipt")
    def receipt(self, intent: Intent) -> str:
        receipt = Receipt.objects.filter(pk=intent.pk).first()
        return f"number {receipt.number}" if receipt else "–"


def _history(intent: Intent) -> dict[str, Any]:
    webhooks = Webhook.objects.filter(intent_id=intent.pk).order_by("id")[:WEBHOOKS_SHOWN_MAX]
    return {
        "history": [
            {
                "one": one,
                "noted": moment(one.created_at),
                "observed": moment(one.observed_at),
                "amount": _money(one),
                "verdict": chip(one.get_verdict_display(), VERDICT_COLOURS[one.verdict]),
            }
            for one in history_of(intent.pk)
        ],
        "webhooks": [
            {
                "one": one,
                "received": moment(one.created_at),
                "address": reverse("admin:payments_webhook_change", args=[one.pk]),
            }
            for one in webhooks
        ],
    }


def _money(one: Observed) -> str:
    """As the provider said it, in a currency that need not be one of ours."""
    return "–" if one.amount_minor is None else f"{one.amount_minor / 100:,.2f} {one.currency}"


class ObservedAdmin(ReadOnlyAdmin):
    """What providers said, newest first; what was set aside waits here for somebody to look."""

    area = "Money"
    icon = "visibility"
    view_permission = "payments.view"

    list_display = (
        "created_at",
        "purchase",
        "source",
        "status",
        "money",
        "shown_verdict",
        "reason",
    )
    list_filter = (("verdict", ChoicesDropdownFilter), ("created_at", DayFilter))
    sortable_by = ()
    ordering = ("-id",)
    list_display_links = None

    @display(description="Purchase")
    def purchase(self, one: Observed) -> str:
        address = reverse("admin:payments_intent_change", args=[one.intent_id])
        return format_html('<a class="staff-link" href="{}">{}</a>', address, one.intent_id)

    @display(description="Amount")
    def money(self, one: Observed) -> str:
        return _money(one)

    @display(description="Verdict")
    def shown_verdict(self, one: Observed) -> str:
        return chip(one.get_verdict_display(), VERDICT_COLOURS[one.verdict])

    @display(description="Noted (UTC)")
    def noted(self, one: Observed) -> str:
        return moment(one.created_at)
