"""What calling refuses, beside what everybody does."""

from pairly.core.errors import Conflict

__all__ = ["Busy"]


class Busy(Conflict):
    code = "busy"
    title = "There is another call going on."
