"""Refunds: the list, one of them, and the dialog that makes one."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import FreshDialogForm, TextField, reason_field
from pairly.accounts.staff_rows import Names, moment, person_link
from pairly.core.errors import ValidationFailed
from pairly.core.ids import new_id
from payments.admin.filters import DayFilter, ProviderFilter
from payments.admin.rows import purchase_link, refund_chip
from payments.currencies import format_amount, parse_amount
from payments.models import Intent, Refund
from payments.refunds.selectors import find_refunds

__all__ = ["RefundAdmin", "RefundForm"]

AMOUNT_CHARACTERS_MAX = 12


class RefundForm(FreshDialogForm):
    """``operation`` names the refund, so that a form sent twice gives back once."""

    amount = TextField(
        label="Amount",
        max_length=AMOUNT_CHARACTERS_MAX,
        required=False,
    )
    reason = reason_field()
    operation = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def __init__(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **options: Any
    ) -> None:
        super().__init__(request, object_id, *arguments, **options)
        self.intent = get_object_or_404(Intent, pk=object_id)
        left = format_amount(self.intent.refundable_minor, self.intent.currency)
        self.fields["amount"].help_text = f"Empty: all that is left, {left}."

    def clean_amount(self) -> int | None:
        text = self.cleaned_data["amount"]
        if not text:
            return None
        try:
            return parse_amount(text, self.intent.currency, "amount")
        except ValidationFailed as error:
            raise forms.ValidationError(error.detail) from error

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "amount_minor": values["amount"],
            "reason": values["reason"],
            "operation_id": values["operation"],
        }


class RefundAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "undo"
    view_permission = "payments.view"

    list_display = ("asked_for", "buyer", "amount", "credits", "provider", "shown_state")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ProviderFilter,
        ("created_at", DayFilter),
    )
    list_select_related = ("user", "intent")
    search_fields = ("id",)
    search_help_text = "An e-mail address, or an id of the refund, the purchase or the buyer"
    sortable_by = ()
    ordering = ("-id",)
    fieldsets = (
        (
            "Refund",
            {
                "fields": (
                    ("shown_state", "failure_code"),
                    ("buyer", "purchase"),
                    ("amount", "credits"),
                    ("provider", "provider_ref"),
                    ("asked_for", "asked_by"),
                    ("settled", "asked_next"),
                    ("reason", "id"),
                )
            },
        ),
    )
    readonly_fields = (
        *("shown_state", "buyer", "purchase", "amount", "asked_for", "asked_by"),
        *("settled", "asked_next", "id"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset & find_refunds(search_term) if search_term else queryset), False

    @display(description="State")
    def shown_state(self, refund: Refund) -> str:
        return refund_chip(refund)

    @display(description="Buyer")
    def buyer(self, refund: Refund) -> str:
        return person_link(refund.user_id, refund.user.email)

    @display(description="Purchase")
    def purchase(self, refund: Refund) -> str:
        return purchase_link(refund.intent_id)

    @display(description="Amount")
    def amount(self, refund: Refund) -> str:
        return format_amount(refund.amount_minor, refund.intent.currency)

    @display(description="Asked for (UTC)")
    def asked_for(self, refund: Refund) -> str:
        return moment(refund.created_at)

    @display(description="By")
    def asked_by(self, refund: Refund) -> str:
        if refund.requested_by is None:
            return "nobody here"
        return Names.of([refund.requested_by])[refund.requested_by]

    @display(description="Settled")
    def settled(self, refund: Refund) -> str:
        return moment(refund.settled_at)

    @display(description="Provider is asked next")
    def asked_next(self, refund: Refund) -> str:
        return moment(refund.follow_up_at)
