"""Background entry points; ``pairly/schedule.py`` says when."""

from datetime import datetime, timedelta

from pairly.alerts.models import Severity
from pairly.alerts.selectors import open_of_kind
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core import clock
from pairly.moderation.selectors import is_overdue
from pairly.moderation.services import forget_old_content
from pairly.moderation.services.cases import UNEXAMINED_ALERT

__all__ = ["forget_decided_content", "watch_queue"]

OVERDUE_ALERT = "moderation_overdue"
ANSWERS_AGAIN_AFTER = timedelta(minutes=10)


def watch_queue() -> None:
    """Tell when cases are not decided in time, and when they are again; and that the external
    classifier answers again, when no message went without it for a while."""
    now = clock.now()
    _watch_due(now)
    silent = open_of_kind(UNEXAMINED_ALERT).first()
    if silent is not None and silent.last_seen_at <= now - ANSWERS_AGAIN_AFTER:
        clear_alert(kind=UNEXAMINED_ALERT, key="", now=now)


def _watch_due(now: datetime) -> None:
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
