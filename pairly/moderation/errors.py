"""What moderation refuses."""

from pairly.core.errors import Conflict

__all__ = ["CaseClosed", "CaseTaken", "NotPossible"]


class CaseClosed(Conflict):
    title = "This case has been decided."


class CaseTaken(Conflict):
    title = "A colleague works on this case."


class NotPossible(Conflict):
    title = "This cannot be done here."
