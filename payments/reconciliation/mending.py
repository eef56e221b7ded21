"""A movement that the provider has and we have not heard of: ask, and let the usual door decide.

A statement alone makes nobody richer. The provider is asked how the payment stands, and its answer
goes where every observation goes.
"""

from datetime import datetime
from uuid import UUID

from payments.gateways.base import Gateway, LineKind
from payments.intents.applying import apply
from payments.intents.models import Intent, Observed
from payments.intents.selectors import order_of
from payments.reconciliation.judging import Line

__all__ = ["mend"]


def mend(one: Line, gateway: Gateway, now: datetime) -> None:
    """Nothing may come of it: then it stays a break. Raises ``GatewayUnreachable``."""
    if one.line.kind == LineKind.PAYMENT and one.intent_id is not None:
        _mend_payment(one.intent_id, gateway, now)


def _mend_payment(intent_id: UUID, gateway: Gateway, now: datetime) -> None:
    intent = Intent.objects.get(pk=intent_id)
    seen = gateway.fetch(order_of(intent), now)
    if seen is not None:
        apply(intent_id=intent_id, seen=seen, source=Observed.Source.RECONCILIATION, now=now)
