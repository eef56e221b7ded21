"""The life of a dispute, and what it makes of its intent."""

from django.db import models

from payments.intents.states import Status

__all__ = ["STANDING", "STATUS_OF_INTENT", "State", "may_follow"]


class State(models.TextChoices):
    OPENED = "opened", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"


STANDING = frozenset({State.OPENED, State.LOST})
"""What counts against what else may be given back of the purchase."""

STATUS_OF_INTENT = {
    State.OPENED: Status.DISPUTED,
    State.WON: Status.DISPUTE_WON,
    State.LOST: Status.DISPUTE_LOST,
}


def may_follow(present: str, seen: str) -> bool:
    """An open dispute is decided once. What is heard of it later, or again, moves nothing."""
    return present == State.OPENED and seen != State.OPENED
