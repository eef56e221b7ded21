"""Outages that whoever meets them tells of at once, since the clock may stand still as well."""

from pairly.alerts.models import Severity
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core import clock

__all__ = ["CACHE_AWAY", "tell_of_cache"]

CACHE_AWAY = "cache_away"


def tell_of_cache(is_away: bool) -> None:
    """``settings.CACHE_OUTAGE_TOLD``: a process cannot have Redis, or has it again."""
    now = clock.now()
    if not is_away:
        clear_alert(kind=CACHE_AWAY, key="", now=now)
        return
    raise_alert(
        kind=CACHE_AWAY,
        key="",
        severity=Severity.CRITICAL,
        title="Redis does not answer",
        details="Nobody is counted for rate limits. Signing in and moving money answer 503.",
        now=now,
    )
