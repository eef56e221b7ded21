"""What presence refuses."""

from pairly.core.errors import Conflict

__all__ = ["TooManyWatched"]


class TooManyWatched(Conflict):
    code = "too_many_watched"
    title = "You watch as many people as one socket may."
