"""Background entry points; ``pairly/schedule.py`` says when."""

from messaging.attachments import services
from pairly.core import clock

__all__ = ["remove_unused_attachments"]


def remove_unused_attachments() -> None:
    services.remove_unused(now=clock.now())
