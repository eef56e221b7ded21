"""The life of a refund: one table. It only ever moves to a higher rank."""

from django.db import models

__all__ = ["LIVE", "RANKS", "UNSETTLED", "State", "may_follow"]


class State(models.TextChoices):
    """``requested``: above the limit, a second person decides. ``unknown``: the provider was, or
    is about to be, asked for it and has not answered. ``pending``: the provider is at it.
    ``failed``: no money went back, or it came back to us, which providers tell even of what had
    succeeded.
    """

    REQUESTED = "requested", "Waits for a second person"
    UNKNOWN = "unknown", "Unknown"
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"


RANKS = {
    State.REQUESTED: 0,
    State.UNKNOWN: 10,
    State.PENDING: 20,
    State.SUCCEEDED: 30,
    State.FAILED: 40,
    State.REJECTED: 40,
}

UNSETTLED = frozenset({State.REQUESTED, State.UNKNOWN, State.PENDING})
"""Its credits are held, and its amount counts as on its way back."""

LIVE = UNSETTLED | {State.SUCCEEDED}
"""What counts against what else may be given back of the purchase."""


def may_follow(present: str, seen: str) -> bool:
    """Whether a refund in the present state believes what a provider says it has seen."""
    return RANKS[State(seen)] > RANKS[State(present)]
