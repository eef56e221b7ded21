"""Reading intents and receipts; ``..._for(user)`` are the only way to somebody's."""

from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.selectors import user_by_email
from pairly.core.errors import NotFound
from payments.gateways.base import Observation, Order
from payments.gateways.registry import provider_names
from payments.intents.models import Intent, Observed, Receipt

__all__ = [
    "find_intents",
    "history_of",
    "intent_for",
    "intent_of",
    "intent_paid_by",
    "intents_of",
    "intents_with_ref",
    "order_of",
    "receipt_for",
]

NUMBER_DIGITS_MAX = 9


def intent_for(user_id: UUID, intent_id: UUID) -> Intent:
    """One's own intent. Raises ``NotFound``."""
    intent = Intent.objects.filter(pk=intent_id, user_id=user_id).first()
    if intent is None:
        raise NotFound
    return intent


def intents_of(user_id: UUID) -> "QuerySet[Intent]":
    """A person's intents; order by ``-id``, which the index serves."""
    return Intent.objects.filter(user_id=user_id)


def intents_with_ref(provider: str, ref: str) -> "QuerySet[Intent]":
    """One or none, by the provider's id."""
    return Intent.objects.filter(provider=provider, provider_ref=ref)


def intent_of(seen: Observation) -> Intent | None:
    """The intent that an observation is about: by the provider's id, or by ours as long as the
    provider's answer, which brings its id, is still under way."""
    known = list(intents_with_ref(seen.provider, seen.ref)[:1])
    if known or seen.intent_id is None:
        return known[0] if known else None
    return Intent.objects.filter(pk=seen.intent_id, provider=seen.provider, provider_ref="").first()


def intent_paid_by(provider: str, payment_ref: str, intent_id: UUID | None) -> Intent | None:
    """The intent that a refund or dispute is about: by the provider's id of the payment, or by
    ours where that was given back and contradicts nothing."""
    known = list(intents_with_ref(provider, payment_ref)[:1]) if payment_ref else []
    if known or intent_id is None:
        return known[0] if known else None
    refs = ("", payment_ref) if payment_ref else None
    named = Intent.objects.filter(pk=intent_id, provider=provider)
    return (named if refs is None else named.filter(provider_ref__in=refs)).first()


def find_intents(text: str) -> "QuerySet[Intent]":
    """What staff look for: a buyer by the whole address or id, an intent by its id or the
    provider's, or a purchase by its receipt's number. Each seeks in an index."""
    wanted = text.strip()
    if "@" in wanted:
        buyer = user_by_email(wanted)
        return Intent.objects.filter(user_id=buyer.pk) if buyer else Intent.objects.none()
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= NUMBER_DIGITS_MAX:
        receipt = Receipt.objects.filter(number=int(wanted)).first()
        return Intent.objects.filter(pk=receipt.pk) if receipt else Intent.objects.none()
    try:
        known = UUID(wanted)
    except ValueError:
        return Intent.objects.filter(provider__in=provider_names(), provider_ref=wanted)
    return Intent.objects.filter(Q(pk=known) | Q(user_id=known))


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
        created_at=intent.created_at,
        ref=intent.provider_ref,
    )
