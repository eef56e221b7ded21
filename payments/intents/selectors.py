"""Reading intents and receipts; ``..._for(user)`` are the only way to somebody's."""

from uuid import UUID

from django.db.models import QuerySet

from pairly.core.errors import NotFound
from payments.gateways.base import Observation, Order
from payments.intents.models import Intent, Observed, Receipt

__all__ = [
    "history_of",
    "intent_for",
    "intent_of",
    "intents_of",
    "order_of",
    "receipt_for",
]


def intent_for(user_id: UUID, intent_id: UUID) -> Intent:
    """One's own intent. Raises ``NotFound``."""
    intent = Intent.objects.filter(pk=intent_id, user_id=user_id).first()
    if intent is None:
        raise NotFound
    return intent


def intents_of(user_id: UUID) -> "QuerySet[Intent]":
    """A person's intents; order by ``-id``, which the index serves."""
    return Intent.objects.filter(user_id=user_id)


def intent_of(seen: Observation) -> Intent | None:
    """The intent that an observation is about: by the provider's id, or by ours as long as the
    provider's answer, which brings its id, is still under way."""
    known = Intent.objects.filter(provider=seen.provider, provider_ref=seen.ref).first()
    if known is not None or seen.intent_id is None:
        return known
    return Intent.objects.filter(pk=seen.intent_id, provider=seen.provider, provider_ref="").first()


def history_of(intent_id: UUID) -> list[Observed]:
    """Everything that was observed of an intent, in order."""
    return list(Observed.objects.filter(intent_id=intent_id).order_by("created_at", "id"))


def receipt_for(user_id: UUID, receipt_id: UUID) -> tuple[Receipt, Intent]:
    """A receipt, which has its intent's id. Raises ``NotFound``."""
    intent = intent_for(user_id, receipt_id)
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound
    return receipt, intent


def order_of(intent: Intent) -> Order:
    return Order(
        intent_id=intent.pk,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
        ref=intent.provider_ref,
    )
