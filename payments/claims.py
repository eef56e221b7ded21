"""How many credits of a purchase go with the money that goes back. Pure arithmetic.

A refund or a dispute is a *claim* on its purchase. It takes credits in proportion to its amount,
rounded down over all claims together, so that however a purchase is cut, the parts come to the
whole. What is held when a claim begins is taken when it is settled, to the credit; so where another
came to nothing in between, it may be one credit off what it would have been alone.

The same money may go back twice: a refund in the provider's dashboard does not stop a bank. Then
the credits are taken once, by the first; should that come to nothing, the other takes what it
lacked.
"""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Claim", "Sold", "credits_to_hold", "credits_to_keep", "credits_to_take"]


class Sold(NamedTuple):
    """What was bought, and for how much."""

    credits: int
    amount_minor: int


class Claim(NamedTuple):
    """``credits`` is what is held or was taken for it. One that came to nothing does not count,
    and has no credits unless it kept some for another."""

    amount_minor: int
    credits: int
    counts: bool
    is_settled: bool


def credits_to_hold(sold: Sold, amount_minor: int, others: Iterable[Claim]) -> int:
    """For a new claim beside the others."""
    return max(0, _room(sold, amount_minor, others))


def credits_to_take(sold: Sold, amount_minor: int, held: int, others: Iterable[Claim]) -> int:
    """For a claim that is settled: what it began with. If that was less than its own share, for
    others had claimed the same, it takes that share as far as they have left it."""
    return max(held, min(_share(sold, amount_minor), _room(sold, amount_minor, others)))


def credits_to_keep(sold: Sold, others: Iterable[Claim]) -> int:
    """For a claim that came to nothing: what it must not give back, since others that are settled
    lack it."""
    every = list(others)
    settled = (one for one in every if one.counts and one.is_settled)
    lacking = sum(max(0, _share(sold, one.amount_minor) - one.credits) for one in settled)
    return max(0, min(lacking, _room(sold, 0, every)))


def _share(sold: Sold, amount_minor: int) -> int:
    return min(amount_minor, sold.amount_minor) * sold.credits // sold.amount_minor


def _room(sold: Sold, amount_minor: int, others: Iterable[Claim]) -> int:
    """What all claims with one more of this amount come to, less what the others have."""
    every = list(others)
    claimed = sum(one.amount_minor for one in every if one.counts)
    return _share(sold, claimed + amount_minor) - sum(one.credits for one in every)
