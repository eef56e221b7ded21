"""Background work on presence; each may run anywhere, at any time, and any number at once."""

from pairly.core import clock
from presence.history import count_people, forget_old
from presence.looking import sweep
from presence.stores.chosen import store
from presence.tracker import worker

__all__ = ["count_presence", "end_presence", "forget_presence", "sweep_presence"]


def sweep_presence() -> int:
    """Tell and note whom time has made away or offline; how many people were looked at."""
    return sweep(clock.now())


def end_presence() -> int:
    """This process ends, its sockets are closed: keep what nobody else knows; how many people were
    looked at."""
    worker.stop()
    now = clock.now()
    store().end(clock.to_milliseconds(now))
    return sweep(now)


def count_presence() -> None:
    """Note how many people are here."""
    count_people(clock.now())


def forget_presence() -> int:
    """Delete history that is too old; how many rows."""
    return forget_old(clock.now())
