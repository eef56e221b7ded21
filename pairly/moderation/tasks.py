"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.alerts.models import Severity
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core import clock
from pairly.moderation.selectors import is_overdue
from pairly.moderation.services import forget_old_content

__all__ = ["forget_decided_content", "watch_queue"]

OVERDUE_ALERT = "moderation.overdue"


def watch_queue() -> None:
    """Tell when cases are not decided in time, and when they are again."""
    now = clock.now()
    if not is_overdue(now):
        clear_alert(kind=OVERDUE_ALERT, key="", now=now)
        return
    raise_alert(
        kind=OVERDUE_ALERT,
        key="",
        severity=Severity.WARNING,
        title="Moderation cases are overdue",
        details="Open the queue: what is due first stands first.",
        now=now,
    )


def forget_decided_content() -> None:
    forget_old_content(now=clock.now())
