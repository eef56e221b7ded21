"""What payments refuse."""

from pairly.core.errors import Conflict, PairlyError

__all__ = ["HoldResolved", "InsufficientCredits", "TransferConflict"]


class InsufficientCredits(PairlyError):
    code = "insufficient_credits"
    status = 402
    title = "There are not enough credits."


class TransferConflict(Conflict):
    """The id was used before for something else."""

    code = "transfer_conflict"
    title = "This operation was already booked with other content."


class HoldResolved(Conflict):
    code = "hold_resolved"
    title = "These held credits were already spent or released."
