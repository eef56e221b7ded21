"""What must be true of reviews at every moment."""

from typing import Final

from pairly.accounts.staff_selectors import starting_with
from pairly.core.db import snapshot
from payments.fraud.holds import REVIEW, hold_name
from payments.fraud.selectors import reviews_waiting
from payments.ledger.invariants import Invariant
from payments.ledger.models import OpenHold, Transfer

__all__ = ["INVARIANTS", "reviews_hold_their_credits"]


def reviews_hold_their_credits() -> list[str]:
    """What the reviews that wait say they hold is held under their names, and nothing besides."""
    with snapshot():
        waiting = reviews_waiting().filter(held__gt=0)
        wanted = {hold_name(review): review.held for review in waiting}
        names = OpenHold.objects.filter(starting_with("pk", f"{REVIEW}:"))
        held = Transfer.objects.filter(pk__in=list(names.values_list("pk", flat=True)))
        found = dict(held.values_list("pk", "amount"))
    return [
        f"{name}: {found.get(name)} are held, the review says {wanted.get(name)}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]


INVARIANTS: Final[tuple[Invariant, ...]] = (reviews_hold_their_credits,)
