"""Background work on presence; each may run anywhere, at any time, and any number at once."""

from pairly.core import clock
from presence.history import count_people, forget_old
from presence.looking import sweep

__all__ = ["count_presence", "forget_presence", "sweep_presence"]


def sweep_presence() -> int:
    """Tell and note whom time has made away or offline; how many people were looked at."""
    return sweep(clock.now())


def count_presence() -> None:
    """Note how many people are here."""
    count_people(clock.now())


def forget_presence() -> int:
    """Delete history that is too old; how many rows."""
    return forget_old(clock.now())
