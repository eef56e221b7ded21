"""A movement that the provider has and we have not heard of: the usual doors decide about it.

A statement alone makes nobody richer: the provider is asked how the payment or the refund stands.
Disputes cannot be asked about; the line itself is its word, and it takes credits away.
"""

from datetime import datetime
from uuid import UUID

from pairly.core.ids import new_id
from payments.disputes.applying import apply_dispute
from payments.errors import NotPaid, RefundTooLarge
from payments.gateways.base import (
    DisputeSeen,
    DisputeState,
    Gateway,
    LineKind,
    RefundOrder,
    StatementLine,
)
from payments.intents.applying import apply
from payments.intents.models import Intent, Observed
from payments.intents.selectors import order_of
from payments.reconciliation.judging import Line
from payments.refunds.applying import apply_refund

__all__ = ["mend"]

SOURCE = Observed.Source.RECONCILIATION


def mend(one: Line, gateway: Gateway, now: datetime) -> None:
    """Take up what a line of a purchase of ours tells. Nothing may come of it: then it stays a
    break. Raises ``GatewayUnreachable``."""
    if one.intent_id is None:
        return
    intent = Intent.objects.get(pk=one.intent_id)
    line = one.line
    try:
        if line.kind == LineKind.PAYMENT:
            _mend_payment(intent, gateway, now)
        elif line.kind in (LineKind.REFUND, LineKind.REFUND_FAILED):
            _mend_refund(intent, line, gateway, now)
        else:
            _mend_dispute(intent.pk, line, now)
    except (NotPaid, RefundTooLarge):
        return  # It cannot be true yet.


def _mend_payment(intent: Intent, gateway: Gateway, now: datetime) -> None:
    seen = gateway.fetch(order_of(intent), now)
    if seen is not None:
        apply(intent_id=intent.pk, seen=seen, source=SOURCE, now=now)


def _mend_refund(intent: Intent, line: StatementLine, gateway: Gateway, now: datetime) -> None:
    """Asked for by the provider's id, whoever made it; the answer has ours if it was us."""
    order = RefundOrder(
        refund_id=new_id(),
        intent_id=intent.pk,
        payment_ref=intent.provider_ref,
        amount_minor=abs(line.amount_minor),
        currency=line.currency,
        ref=line.ref,
    )
    seen = gateway.fetch_refund(order, now) if line.ref else None
    if seen is not None:
        apply_refund(intent_id=intent.pk, seen=seen, source=SOURCE, now=now)


def _mend_dispute(intent_id: UUID, line: StatementLine, now: datetime) -> None:
    is_won = line.kind == LineKind.DISPUTE_WON
    seen = DisputeSeen(
        provider=line.provider,
        ref=line.ref,
        intent_id=intent_id,
        payment_ref=line.payment_ref,
        state=DisputeState.WON if is_won else DisputeState.OPENED,
        amount_minor=abs(line.amount_minor),
        currency=line.currency,
        at=line.at,
    )
    apply_dispute(intent_id=intent_id, seen=seen, source=SOURCE, now=now)
