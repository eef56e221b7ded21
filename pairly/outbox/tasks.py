"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.core import clock
from pairly.outbox import dispatch, services

__all__ = ["clean_outbox", "dispatch_outbox"]


def dispatch_outbox() -> None:
    dispatch.dispatch_all()


def clean_outbox() -> None:
    services.remove_done(now=clock.now())
