"""What reconciliation refuses."""

from pairly.core.errors import Conflict

__all__ = ["AlreadyRunning", "BreakNotOpen"]


class AlreadyRunning(Conflict):
    code = "reconciliation_running"
    title = "This provider is being reconciled already."


class BreakNotOpen(Conflict):
    code = "break_not_open"
    title = "This break was resolved already."
