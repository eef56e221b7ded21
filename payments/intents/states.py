"""The life of an intent: one table. It only ever moves to a higher rank."""

from django.db import models

__all__ = ["CLOSED", "OPEN", "RANKS", "Status", "may_follow"]


class Status(models.TextChoices):
    """``unknown``: we do not know whether the provider has it, so it is asked; every intent
    begins so. ``created``: the provider waits for the buyer. ``requires_action``: the buyer must
    do something more. ``failed``: an attempt was declined; a provider may still prove a later
    one.
    """

    UNKNOWN = "unknown", "Unknown"
    CREATED = "created", "Created"
    REQUIRES_ACTION = "requires_action", "Requires action"
    PROCESSING = "processing", "Processing"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    EXPIRED = "expired", "Expired"
    SUCCEEDED = "succeeded", "Succeeded"


RANKS = {
    Status.UNKNOWN: 0,
    Status.CREATED: 10,
    Status.REQUIRES_ACTION: 20,
    Status.PROCESSING: 30,
    Status.FAILED: 40,
    Status.CANCELED: 40,
    Status.EXPIRED: 40,
    Status.SUCCEEDED: 50,
}

OPEN = frozenset({Status.UNKNOWN, Status.CREATED, Status.REQUIRES_ACTION, Status.PROCESSING})
"""What may still be canceled, expire, or be paid."""

CLOSED = frozenset(Status) - OPEN
"""Over, unless the provider proves that it was paid after all."""


def may_follow(present: str, seen: str) -> bool:
    """Whether an intent in the present state believes what a provider says it has seen."""
    return RANKS[Status(seen)] > RANKS[Status(present)]
