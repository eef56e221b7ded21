"""Disputes. They are answered at the provider; here is what came of them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_rows import moment, person_link
from payments.admin.filters import DayFilter, ProviderFilter
from payments.admin.rows import dispute_chip, purchase_link
from payments.currencies import format_amount
from payments.disputes.selectors import find_disputes
from payments.models import Dispute

__all__ = ["DisputeAdmin"]


class DisputeAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "gavel"
    view_permission = "payments.view"

    list_display = ("heard_of", "buyer", "amount", "reason", "provider", "shown_state")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ProviderFilter,
        ("created_at", DayFilter),
    )
    list_select_related = ("user", "intent")
    search_fields = ("id",)
    search_help_text = "An e-mail address, or an id of the dispute, the purchase or the buyer"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Dispute",
            {
                "fields": (
                    ("shown_state", "reason"),
                    ("buyer", "purchase"),
                    ("amount", "credits"),
                    ("provider", "provider_ref"),
                    ("heard_of", "closed"),
                    "id",
                )
            },
        ),
    )
    readonly_fields = ("shown_state", "buyer", "purchase", "amount", "heard_of", "closed", "id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_disputes(search_term) if search_term else queryset), False

    @display(description="State")
    def shown_state(self, dispute: Dispute) -> str:
        return dispute_chip(dispute)

    @display(description="Buyer")
    def buyer(self, dispute: Dispute) -> str:
        return person_link(dispute.user_id, dispute.user.email)

    @display(description="Purchase")
    def purchase(self, dispute: Dispute) -> str:
        return purchase_link(dispute.intent_id)

    @display(description="Amount")
    def amount(self, dispute: Dispute) -> str:
        return format_amount(dispute.amount_minor, dispute.intent.currency)

    @display(description="Heard of (UTC)")
    def heard_of(self, dispute: Dispute) -> str:
        return moment(dispute.created_at)

    @display(description="Decided")
    def closed(self, dispute: Dispute) -> str:
        return moment(dispute.closed_at)
