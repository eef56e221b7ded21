"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.core import clock
from pairly.monitoring.services import check_rules

__all__ = ["check_alert_rules"]


def check_alert_rules() -> int:
    """Every rule of ``monitoring.rules``. Raises ``RulesFailed``."""
    return check_rules(clock.now())
