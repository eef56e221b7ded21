"""The life of an intent, in one table of ranks.

Until it is paid an intent moves to a higher rank only, by what the provider says of its payment.
Once it is paid, no word about the payment moves it any more: where it stands follows from what
was given back and from its disputes, each of which only moves forward itself. It stands at the
highest rank of all that is true of it, so the order in which news arrive does not matter.
"""

from collections.abc import Iterable

from django.db import models

__all__ = ["CLOSED", "OPEN", "PAID", "RANKS", "Status", "may_follow", "standing"]


class Status(models.TextChoices):
    """``unknown``: we do not know whether the provider has it, so it is asked; every intent
    begins so. ``created``: the provider waits for the buyer. ``requires_action``: the buyer must
    do something more. ``failed``: an attempt was declined; a provider may still prove a later
    one. ``disputed``: the buyer's bank wants the money back and nothing is decided yet.
    """

    UNKNOWN = "unknown", "Unknown"
    CREATED = "created", "Created"
    REQUIRES_ACTION = "requires_action", "Requires action"
    PROCESSING = "processing", "Processing"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    EXPIRED = "expired", "Expired"
    SUCCEEDED = "succeeded", "Succeeded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"
    REFUNDED = "refunded", "Refunded"
    DISPUTED = "disputed", "Disputed"
    DISPUTE_WON = "dispute_won", "Dispute won"
    DISPUTE_LOST = "dispute_lost", "Dispute lost"


RANKS = {
    Status.UNKNOWN: 0,
    Status.CREATED: 10,
    Status.REQUIRES_ACTION: 20,
    Status.PROCESSING: 30,
    Status.FAILED: 40,
    Status.CANCELED: 40,
    Status.EXPIRED: 40,
    Status.SUCCEEDED: 50,
    Status.PARTIALLY_REFUNDED: 60,
    # A dispute that was won took nothing; it tells more than a part that was given back...
    Status.DISPUTE_WON: 70,
    # ... and less than that nothing is left to be given back, before the dispute or after it.
    Status.REFUNDED: 80,
    Status.DISPUTE_LOST: 90,
    # As long as one is open nothing else counts: no refund begins.
    Status.DISPUTED: 100,
}

OPEN = frozenset({Status.UNKNOWN, Status.CREATED, Status.REQUIRES_ACTION, Status.PROCESSING})
"""What may still be canceled, expire, or be paid."""

PAID = frozenset(status for status, rank in RANKS.items() if rank >= RANKS[Status.SUCCEEDED])
"""What was paid for and booked, whatever came after."""

CLOSED = frozenset(Status) - OPEN
"""Over, unless the provider proves that it was paid after all."""


def may_follow(present: str, seen: str) -> bool:
    """Whether an intent in the present state believes what a provider says of its payment."""
    return RANKS[Status(present)] < RANKS[Status(seen)] <= RANKS[Status.SUCCEEDED]


def standing(*, amount_minor: int, refunded_minor: int, disputes: Iterable[Status]) -> Status:
    """Where a paid intent stands: the highest of all that is true of it. ``disputes`` holds what
    each of them says: ``disputed``, ``dispute_won`` or ``dispute_lost``."""
    true = {Status.SUCCEEDED, *disputes}
    if refunded_minor:
        whole = refunded_minor >= amount_minor
        true.add(Status.REFUNDED if whole else Status.PARTIALLY_REFUNDED)
    return max(true, key=RANKS.__getitem__)
