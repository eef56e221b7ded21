"""Whose activity is not noted: who hides from others would else rise in the directory.

The app above that keeps such a wish says so.
"""

from collections.abc import Callable, Collection
from uuid import UUID

__all__ = ["register", "shown_among"]

HidingAmong = Callable[[Collection[UUID]], set[UUID]]

_hiding: list[HidingAmong] = []


def register(hiding_among: HidingAmong) -> None:
    """Call in ``ready()``. The function takes ids of people, and returns those who hide now, by
    one bulk read."""
    _hiding.append(hiding_among)


def shown_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the people who do not hide."""
    return set(user_ids).difference(*(hiding_among(user_ids) for hiding_among in _hiding))
