"""``/pay/{intent_id}``: the page of the mock provider, where a buyer pays or declines."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from pairly.core import clock
from pairly.core.errors import Conflict
from payments.currencies import format_amount
from payments.gateways.base import DisputeState
from payments.gateways.mock import OUTCOMES, Standing, intent_of_page_token, standing_of
from payments.intents.models import Intent
from payments.intents.states import Status
from payments.simulator.services import play

__all__ = ["MockPayView"]

SENTENCES = {
    Status.UNKNOWN: "The order is on its way to the provider.",
    Status.CREATED: "Nothing has been paid yet.",
    Status.REQUIRES_ACTION: "Your bank wants you to confirm this payment.",
    Status.PROCESSING: "The payment is being processed.",
    Status.FAILED: "The payment was declined. You can try again.",
    Status.CANCELED: "This order was canceled. Nothing was paid.",
    Status.EXPIRED: "This order has expired. Nothing was paid.",
    Status.SUCCEEDED: "Paid. Your credits are there.",
    Status.PARTIALLY_REFUNDED: "Paid, and refunded in part.",
    Status.REFUNDED: "Paid, and refunded.",
    Status.DISPUTED: "Paid, and disputed by your bank.",
    Status.DISPUTE_WON: "Paid. The dispute was decided for the seller.",
    Status.DISPUTE_LOST: "Paid, and taken back by your bank.",
}
# Where each leads in the end; the page looks again until the news has arrived.
LEADS_TO = {
    "decline": Status.FAILED,
    **dict.fromkeys(("succeed", "delay", "duplicate", "reorder", "lose"), Status.SUCCEEDED),
}
BUTTONS = (
    ("delay", "Pay, settled some seconds later"),
    ("require_action", "Ask the bank first"),
    ("duplicate", "Pay, told three times"),
    ("reorder", "Pay, told in the wrong order"),
    ("lose", "Pay, and the news gets lost"),
    ("wrong_amount", "Tell of another amount"),
)
DISPUTES = {
    DisputeState.OPENED: "The buyer's bank has taken the money back; the dispute is open.",
    DisputeState.WON: "A dispute was won, and the money came back.",
    DisputeState.LOST: "A dispute was lost.",
}


@method_decorator(never_cache, name="dispatch")
class MockPayView(View):
    """Who has the address, which carries a signed token, may decide; no other sign-in is asked."""

    http_method_names = ("get", "head", "post")

    def get(self, request: HttpRequest, intent_id: UUID) -> HttpResponse:
        return render(request, "payments/mock_pay.html", _page(request, intent_id))

    def post(self, request: HttpRequest, intent_id: UUID) -> HttpResponse:
        intent = _intent(request, intent_id)
        outcome = request.POST.get("outcome", "")
        if outcome not in OUTCOMES:
            raise Http404
        with suppress(Conflict):  # Canceled meanwhile, as the page that follows says.
            play(intent=intent, outcome=outcome, now=clock.now())
        query = {"token": request.GET["token"], "played": outcome}
        return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")


def _intent(request: HttpRequest, intent_id: UUID) -> Intent:
    if intent_of_page_token(request.GET.get("token", "")) != intent_id:
        raise Http404
    return get_object_or_404(Intent, pk=intent_id)


def _page(request: HttpRequest, intent_id: UUID) -> dict[str, Any]:
    intent = _intent(request, intent_id)
    status = Status(intent.status)
    end = LEADS_TO.get(request.GET.get("played", ""), status)
    is_coming = status != end and intent.is_payable_at(clock.now())
    standing = standing_of(intent.pk)
    return {
        "intent": intent,
        "amount": format_amount(intent.amount_minor, intent.currency),
        "status": status.value,
        "sentence": SENTENCES.get(status, status.label),
        "is_payable": intent.is_payable_at(clock.now()),
        "is_waiting": is_coming or status in (Status.UNKNOWN, Status.PROCESSING),
        "buttons": BUTTONS,
        "later": list(_told_later(standing, intent.currency)),
        "later_buttons": list(_later_buttons(standing)),
    }


def _told_later(standing: Standing, currency: str) -> Iterator[str]:
    if standing.returned_minor:
        given = format_amount(standing.returned_minor, currency)
        yield f"Gone back to the buyer, or on the way: {given}."
    if standing.dispute is not None:
        yield DISPUTES[standing.dispute]
    if standing.refunds_fail:
        yield "Refunds of this payment are accepted and fail later."


def _later_buttons(standing: Standing) -> Iterator[tuple[str, str]]:
    """What may still happen to a payment that was made."""
    if standing.dispute is DisputeState.OPENED:
        yield "dispute_won", "The dispute is won"
        yield "dispute_lost", "The dispute is lost"
    elif standing.left_minor:
        yield "refund", "Refund what is left, in the provider's dashboard"
        if standing.dispute is None:
            yield "dispute", "The buyer disputes the payment"
        if not standing.refunds_fail:
            yield "refund_fails", "Have refunds fail from now on"
