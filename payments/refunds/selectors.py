"""Reading refunds."""

from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.selectors import user_by_email
from pairly.core.errors import NotFound
from payments.gateways.base import RefundOrder, RefundSeen
from payments.gateways.registry import provider_names
from payments.intents.models import Intent
from payments.intents.selectors import intent_paid_by
from payments.refunds.models import Refund
from payments.refunds.states import UNSETTLED, State

__all__ = [
    "find_refunds",
    "intent_of_refund",
    "order_of",
    "refund_named",
    "refund_of",
    "refunds_of",
    "refunds_of_intent",
    "refunds_told",
    "unsettled_refunds",
]


def refund_of(seen: RefundSeen) -> Refund | None:
    """The refund that the provider speaks of: by its id, or by ours."""
    if seen.ref:
        known = Refund.objects.filter(provider=seen.provider, provider_ref=seen.ref).first()
        if known is not None:
            return known
    if seen.refund_id is None:
        return None
    return Refund.objects.filter(pk=seen.refund_id, provider=seen.provider).first()


def intent_of_refund(seen: RefundSeen) -> Intent | None:
    refund = refund_of(seen)
    if refund is not None:
        return refund.intent
    return intent_paid_by(seen.provider, seen.payment_ref, seen.intent_id)


def refunds_of(user_id: UUID) -> "QuerySet[Refund]":
    """A person's refunds; order by ``-id``, which the index serves."""
    return Refund.objects.filter(user_id=user_id)


def refunds_of_intent(intent_id: UUID) -> list[Refund]:
    found = Refund.objects.filter(intent_id=intent_id).select_related("intent")
    return list(found.order_by("id"))


def refunds_told(intent_id: UUID) -> list[Refund]:
    """Those that their buyer hears of: nothing came of what a second person rejected."""
    return [one for one in refunds_of_intent(intent_id) if one.state != State.REJECTED]


def unsettled_refunds() -> "QuerySet[Refund]":
    """Those that wait for a second person or for the provider."""
    return Refund.objects.filter(state__in=UNSETTLED)


def find_refunds(text: str) -> "QuerySet[Refund]":
    """What staff look for: a buyer by the whole address, or by an exact id of the buyer, the
    purchase, the refund, or the provider's of the refund. Each seeks in an index."""
    wanted = text.strip()
    if "@" in wanted:
        buyer = user_by_email(wanted)
        return refunds_of(buyer.pk) if buyer else Refund.objects.none()
    try:
        known = UUID(wanted)
    except ValueError:
        return Refund.objects.filter(provider__in=provider_names(), provider_ref=wanted)
    return Refund.objects.filter(Q(pk=known) | Q(user_id=known) | Q(intent_id=known))


def refund_named(refund_id: UUID) -> Refund:
    """Raises ``NotFound``."""
    refund = Refund.objects.select_related("intent").filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    return refund


def order_of(refund: Refund) -> RefundOrder:
    """What its provider has to know of it."""
    return RefundOrder(
        refund_id=refund.pk,
        intent_id=refund.intent_id,
        payment_ref=refund.intent.provider_ref,
        amount_minor=refund.amount_minor,
        currency=refund.intent.currency,
        ref=refund.provider_ref,
    )
