"""Reading disputes."""

from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.selectors import user_by_email
from payments.disputes.models import Dispute
from payments.disputes.states import State
from payments.gateways.base import DisputeSeen
from payments.gateways.registry import provider_names
from payments.intents.models import Intent
from payments.intents.selectors import intent_paid_by

__all__ = [
    "dispute_of",
    "disputes_of",
    "disputes_of_intent",
    "find_disputes",
    "intent_of_dispute",
    "open_disputes",
]


def dispute_of(seen: DisputeSeen) -> Dispute | None:
    return Dispute.objects.filter(provider=seen.provider, provider_ref=seen.ref).first()


def intent_of_dispute(seen: DisputeSeen) -> Intent | None:
    dispute = dispute_of(seen)
    if dispute is not None:
        return dispute.intent
    return intent_paid_by(seen.provider, seen.payment_ref, seen.intent_id)


def disputes_of(user_id: UUID) -> "QuerySet[Dispute]":
    """A person's disputes; order by ``-id``, which the index serves."""
    return Dispute.objects.filter(user_id=user_id)


def disputes_of_intent(intent_id: UUID) -> list[Dispute]:
    found = Dispute.objects.filter(intent_id=intent_id).select_related("intent")
    return list(found.order_by("id"))


def open_disputes() -> "QuerySet[Dispute]":
    return Dispute.objects.filter(state=State.OPENED)


def find_disputes(text: str) -> "QuerySet[Dispute]":
    """What staff look for: a buyer by the whole address, or by an exact id of the buyer, the
    purchase, the dispute, or the provider's of the dispute. Each seeks in an index."""
    wanted = text.strip()
    if "@" in wanted:
        buyer = user_by_email(wanted)
        return disputes_of(buyer.pk) if buyer else Dispute.objects.none()
    try:
        known = UUID(wanted)
    except ValueError:
        return Dispute.objects.filter(provider__in=provider_names(), provider_ref=wanted)
    return Dispute.objects.filter(Q(pk=known) | Q(user_id=known) | Q(intent_id=known))
