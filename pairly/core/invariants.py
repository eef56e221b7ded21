"""What must be true at every moment, told by every app to one registry.

An invariant is a function that returns sentences about what is wrong, none if all is well, and
may run while the server writes. Its name says what should be true: ``debits_equal_credits``.
"""

from collections.abc import Callable, Iterable

__all__ = ["Invariant", "all_invariants", "register_invariants"]

Invariant = Callable[[], Iterable[str]]

_invariants: dict[str, Invariant] = {}


def register_invariants(*invariants: Invariant) -> None:
    """Call it from ``AppConfig.ready``."""
    for invariant in invariants:
        if _invariants.setdefault(invariant.__name__, invariant) is not invariant:
            raise ValueError(f"there are two invariants {invariant.__name__}")


def all_invariants() -> dict[str, Invariant]:
    """By name."""
    return dict(_invariants)
