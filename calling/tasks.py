"""Background work on calls; each may run anywhere, at any time, and any number at once."""

from calling.services.sweeps import keep_watch, sweep
from calling.states import Status

__all__ = ["bill_calls", "expire_ringing", "reap_calls"]


def expire_ringing() -> int:
    """End the calls that rang in vain; how many."""
    return sweep(Status.RINGING)


def bill_calls() -> int:
    """Hold and charge what is due in active calls, and end those that cannot go on; how many were
    looked at."""
    return sweep(Status.ACTIVE)


def reap_calls() -> int:
    """End the calls whose media never came or that fell silent; how many were looked at."""
    keep_watch()
    return sweep(Status.ACCEPTED, Status.ACTIVE)
