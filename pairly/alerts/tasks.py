"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.alerts.services import remove_resolved
from pairly.core import clock

__all__ = ["remove_resolved_alerts"]


def remove_resolved_alerts() -> int:
    return remove_resolved(now=clock.now())
