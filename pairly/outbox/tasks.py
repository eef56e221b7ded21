"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.core import clock
from pairly.outbox import dispatch, dispatcher, services

__all__ = ["clean_outbox", "dispatch_outbox"]


def dispatch_outbox() -> None:
    """A portion. Of what is left the next hears."""
    if dispatch.dispatch_due() and dispatch.is_anything_due():
        dispatcher.wake()


def clean_outbox() -> None:
    services.remove_done(now=clock.now())
