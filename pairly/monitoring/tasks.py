"""Background entry points; ``pairly/schedule.py`` says when."""

from pairly.core import clock
from pairly.monitoring.invariants import check_invariants
from pairly.monitoring.services import check_rules

__all__ = ["InvariantsBroken", "check_alert_rules", "check_all_invariants"]


class InvariantsBroken(Exception):
    """Something is not as it must be at every moment."""


def check_alert_rules() -> int:
    """Every rule of ``monitoring.rules``. Raises ``RulesFailed``."""
    return check_rules(clock.now())


def check_all_invariants() -> str:
    """Raises ``InvariantsBroken``, besides the alerts."""
    checked = dict(check_invariants(clock.now()))
    broken = [name for name, wrong in checked.items() if wrong]
    if broken:
        raise InvariantsBroken(f"not so: {', '.join(broken)}")
    return f"{len(checked)} invariants hold"
