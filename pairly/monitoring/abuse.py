"""People who keep running into limits, for staff to look at."""

from uuid import UUID

from django.conf import settings

from pairly.alerts.models import Severity
from pairly.alerts.services import raise_alert
from pairly.core import clock

__all__ = ["ABUSE", "flag_person"]

ABUSE = "abuse"


def flag_person(user_id: UUID) -> None:
    """``settings.REFUSALS_TOLD``: once for a person and window."""
    refusals, minutes = settings.ALERT_REFUSALS_MAX, settings.ALERT_REFUSALS_MINUTES
    raise_alert(
        kind=ABUSE,
        key=str(user_id),
        severity=Severity.WARNING,
        title="A person keeps running into rate limits",
        details=f"Refused more than {refusals} times within {minutes} minutes. A broken client, or"
        " a script: look the key up among users, then restrict or suspend.",
        now=clock.now(),
    )
