"""What presence must know of apps that lie above it: they register functions that say so."""

from collections.abc import Callable, Collection
from uuid import UUID

__all__ = ["Pair", "acquainted", "in_call", "register_acquaintance", "register_calls"]

Pair = tuple[UUID, UUID]
"""Who watches, and whom."""

Acquaintance = Callable[[Collection[Pair]], set[Pair]]
Calls = Callable[[Collection[UUID]], set[UUID]]

_acquaintances: list[Acquaintance] = []
_calls: list[Calls] = []


def register_acquaintance(acquaintance: Acquaintance) -> None:
    """Add a function that gives those of the pairs who know each other, a block between the two
    excluded. It is asked for up to some hundreds at once, and must answer with an index read."""
    _acquaintances.append(acquaintance)


def register_calls(calls: Calls) -> None:
    """Add a function that gives those of the people who talk with somebody now."""
    _calls.append(calls)


def acquainted(pairs: Collection[Pair]) -> set[Pair]:
    return (
        set().union(*(acquaintance(pairs) for acquaintance in _acquaintances)) if pairs else set()
    )


def in_call(user_ids: Collection[UUID]) -> set[UUID]:
    return set().union(*(calls(user_ids) for calls in _calls)) if user_ids else set()
