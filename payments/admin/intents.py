"""Purchases: the list, and one with its refunds, disputes and history; giving money back."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from pairly.accounts.staff_admin import ReadOnlyAdmin
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_panels import PANELS_TEMPLATE, Panel
from pairly.accounts.staff_rows import moment, person_link
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.admin.filters import AmountFilter, DayFilter, ProviderFilter
from payments.admin.observed import history_panel
from payments.admin.refunds import RefundForm
from payments.admin.rows import reversal_panels, status_chip
from payments.currencies import format_amount
from payments.disputes.selectors import disputes_of_intent
from payments.intents.selectors import find_intents, history_of
from payments.intents.states import PAID, Status
from payments.models import Intent, Receipt, Webhook
from payments.refunds.selectors import refunds_of_intent
from payments.refunds.services import refund_payment
from payments.refunds.states import State

__all__ = ["IntentAdmin"]

WEBHOOKS_SHOWN_MAX = 50
SENTENCES = {
    State.REQUESTED: "It is above the limit: a second person decides, under Approvals.",
    State.UNKNOWN: "The provider has not answered yet; it is asked again by itself.",
    State.PENDING: "The provider is at it; it can take days until it is settled.",
    State.SUCCEEDED: "Refunded.",
    State.FAILED: "The provider refused; the credits are the buyer's again.",
    State.REJECTED: "A second person has rejected it.",
}


class IntentAdmin(ReadOnlyAdmin):
    area = "Money"
    icon = "shopping_cart"
    view_permission = "payments.view"

    list_display = ("begun", "buyer", "package_code", "amount", "provider", "shown_status")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ProviderFilter,
        AmountFilter,
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
                    ("refunded", "disputed"),
                    ("provider", "provider_ref"),
                    ("begun", "expires"),
                    ("paid", "asked_next"),
                )
            },
        ),
    )
    readonly_fields = (
        *("shown_status", "buyer", "amount", "receipt", "id", "package_code"),
        *("refunded", "disputed"),
        *("begun", "expires", "paid", "asked_next"),
    )
    change_form_after_template = PANELS_TEMPLATE
    actions_detail = ("refund",)

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
            context["panels"] = [
                *reversal_panels(refunds_of_intent(intent.pk), disputes_of_intent(intent.pk)),
                history_panel(history_of(intent.pk)),
                _webhooks_panel(intent),
            ]
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    @display(description="Status")
    def shown_status(self, intent: Intent) -> str:
        return status_chip(intent)

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

    @display(description="Refunded")
    def refunded(self, intent: Intent) -> str:
        back = format_amount(intent.refunded_minor, intent.currency)
        if not intent.refunding_minor:
            return back if intent.refunded_minor else "–"
        return f"{back}, {format_amount(intent.refunding_minor, intent.currency)} on its way"

    @display(description="Disputed")
    def disputed(self, intent: Intent) -> str:
        amounts = ((intent.disputed_minor, "open"), (intent.lost_minor, "lost"))
        told = [f"{format_amount(one, intent.currency)} {what}" for one, what in amounts if one]
        return ", ".join(told) or "–"

    @display(description="Receipt")
    def receipt(self, intent: Intent) -> str:
        receipt = Receipt.objects.filter(pk=intent.pk).first()
        return f"number {receipt.number}" if receipt else "–"

    # Giving money back

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only where something is left to be refunded, and nothing disputed."""
        intent = Intent.objects.filter(pk=object_id).first()
        if intent is None or intent.status not in PAID or not intent.refundable_minor:
            return []
        is_disputed = intent.status == Status.DISPUTED
        return [] if is_disputed else super().get_actions_detail(request, object_id)

    @action(
        description="Refund",
        permissions=["refunds.act"],
        icon="undo",
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Refund this purchase",
            "The money goes back through the provider, and the credits are taken in proportion."
            " Above the limit a second person decides first.",
            submit="Refund",
            form=RefundForm,
        ),
    )
    def refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        staff: Any = request.user
        refund = refund_payment(
            intent_id=UUID(object_id),
            actor_id=staff.pk,
            now=clock.now(),
            request_id=request_id_of(request),
            **form.wish(),
        )
        address = reverse("admin:payments_intent_change", args=[object_id])
        return done(request, SENTENCES[State(refund.state)], address)


def _webhooks_panel(intent: Intent) -> Panel:
    webhooks = Webhook.objects.filter(intent_id=intent.pk).order_by("id")[:WEBHOOKS_SHOWN_MAX]
    return Panel(
        title="Webhooks",
        icon="webhook",
        headers=("Received (UTC)", "Type", "State", "Event"),
        rows=[
            [moment(one.created_at), one.type, one.get_state_display(), _webhook_link(one)]
            for one in webhooks
        ],
        empty="None has been processed for this purchase.",
        wide=True,
    )


def _webhook_link(webhook: Webhook) -> str:
    address = reverse("admin:payments_webhook_change", args=[webhook.pk])
    return format_html('<a class="staff-link" href="{}">{}</a>', address, webhook.event_id)
