"""What calling refuses, beside what everybody does."""

from pairly.core.errors import Conflict, PairlyError

__all__ = ["Busy", "SignalTooLarge", "TooManyCandidates"]


class Busy(Conflict):
    code = "busy"
    title = "There is another call going on."


class SignalTooLarge(PairlyError):
    code = "payload_too_large"
    status = 413
    title = "This signal is too large."


class TooManyCandidates(Conflict):
    code = "too_many_candidates"
    title = "No more candidates are taken for this description."
