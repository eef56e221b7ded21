"""What monitoring reads of payments. Each reads a bounded number of rows through an index."""

from collections import Counter
from datetime import datetime

from pairly.core import counters
from pairly.core.estimates import bounded_count
from pairly.core.ids import first_id_at
from pairly.core.table import Table
from payments.fraud.selectors import attempts_since
from payments.gateways.registry import provider_names
from payments.intents.models import Intent
from payments.intents.states import OPEN, Status
from payments.ledger.models import Unsealed
from payments.refunds.models import Refund
from payments.refunds.states import State as RefundState
from payments.webhooks.models import Webhook
from payments.webhooks.services import refusals_of

__all__ = [
    "COUNTED_MAX",
    "FAILED_STATES",
    "OPEN_STATES",
    "bad_signatures",
    "fraud_checks_by_band",
    "intents_by_status",
    "open_intents",
    "open_webhooks",
    "unknown_intents",
    "unknown_refunds",
    "unsealed_transfers",
    "webhooks_by_state",
]

COUNTED_MAX = 1000
NEWEST_MAX = 2000
"""Of a busy hour the newest tell the share as well as all of them."""

NOTES = Table(Unsealed, "id", "count")

State = Webhook.State
OPEN_STATES = (State.RECEIVED, State.PROCESSING, State.FAILED, State.DEAD)
FAILED_STATES = (State.FAILED, State.DEAD)


def webhooks_by_state(since: datetime) -> Counter[tuple[str, str]]:
    """Events that came since then, by provider and state; the newest ``NEWEST_MAX``."""
    came = Webhook.objects.filter(pk__gte=first_id_at(since)).order_by("-id")
    return Counter(came.values_list("provider", "state")[:NEWEST_MAX])


def open_webhooks() -> Counter[tuple[str, str]]:
    """Events that are not over, by provider and state, up to ``COUNTED_MAX`` of each state."""
    found: Counter[tuple[str, str]] = Counter()
    for state in OPEN_STATES:
        rows = Webhook.objects.filter(state=state).order_by()
        found.update(rows.values_list("provider", "state")[:COUNTED_MAX])
    return found


def bad_signatures(minutes: int, now: datetime) -> dict[str, int]:
    """Events not signed as they should be, by provider. Raises ``CacheAway``."""
    return {
        provider: counters.counted(refusals_of(provider), minutes=minutes, now=now)
        for provider in provider_names()
    }


def fraud_checks_by_band(since: datetime) -> Counter[str]:
    """Attempts to buy that were scored since then; the newest ``NEWEST_MAX``."""
    scored = attempts_since(since).order_by("-id")
    return Counter(scored.values_list("band", flat=True)[:NEWEST_MAX])


def intents_by_status(since: datetime) -> Counter[str]:
    """Intents begun since then; the newest ``NEWEST_MAX``."""
    begun = Intent.objects.filter(pk__gte=first_id_at(since)).order_by("-id")
    return Counter(begun.values_list("status", flat=True)[:NEWEST_MAX])


def open_intents() -> dict[str, int]:
    """Intents that may still be paid, by status, up to ``COUNTED_MAX`` of each."""
    return {
        status: bounded_count(Intent.objects.filter(status=status), COUNTED_MAX)
        for status in sorted(OPEN)
    }


def unknown_intents(before: datetime) -> int:
    """Intents begun before then of which no provider has told anything, up to ``COUNTED_MAX``."""
    waiting = Intent.objects.filter(status=Status.UNKNOWN, pk__lt=first_id_at(before))
    return bounded_count(waiting, COUNTED_MAX)


def unknown_refunds(before: datetime) -> int:
    """Refunds asked for before then to which no provider has answered, up to ``COUNTED_MAX``."""
    waiting = Refund.objects.filter(state=RefundState.UNKNOWN, pk__lt=first_id_at(before))
    return bounded_count(waiting, COUNTED_MAX)


def unsealed_transfers() -> int:
    """Those of the oldest ``COUNTED_MAX`` notes that wait for a sealer."""
    return sum(count for _id, count in NOTES.range("id", limit=COUNTED_MAX))
