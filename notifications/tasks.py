"""Background work of notifications; ``pairly/schedule.py`` says when."""

from notifications import dispatch
from notifications.broadcasts.services import send_due
from notifications.kinds import Lane
from notifications.services.trimming import trim
from pairly.core import clock

__all__ = [
    "send_broadcasts",
    "send_mails",
    "send_pushes",
    "send_rings",
    "trim_notifications",
]


def send_rings() -> int:
    """Ring by push whoever has no open socket."""
    return dispatch.dispatch(Lane.RING)


def send_pushes() -> int:
    return dispatch.dispatch(Lane.PUSH)


def send_mails() -> int:
    return dispatch.dispatch(Lane.EMAIL)


def send_broadcasts() -> int:
    """Tell the next people of each broadcast that is going out."""
    return send_due(clock.now())


def trim_notifications() -> int:
    """Forget what is old."""
    return trim(clock.now())
