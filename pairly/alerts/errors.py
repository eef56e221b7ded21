"""What is refused of alerts."""

from pairly.core.errors import Conflict

__all__ = ["AlertNotOpen"]


class AlertNotOpen(Conflict):
    title = "This alert is not open any more, or somebody looks after it already."
