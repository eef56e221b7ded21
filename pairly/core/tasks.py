"""Background work of the core; ``pairly/schedule.py`` says when."""

from pairly.core import clock, idempotency

__all__ = ["remove_expired_keys"]


def remove_expired_keys() -> int:
    """Forget Idempotency-Keys whose time is over; how many that were."""
    return idempotency.remove_expired(now=clock.now())
