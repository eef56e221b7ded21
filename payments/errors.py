"""What payments refuse."""

from pairly.core.errors import Conflict, PairlyError, PermissionDenied

__all__ = [
    "CreditsSpent",
    "EmailNotVerified",
    "HoldResolved",
    "InsufficientCredits",
    "NotPaid",
    "NotReplayable",
    "PaymentDisputed",
    "PaymentRefused",
    "ProviderRefused",
    "NothingOwed",
    "ProviderUnreachable",
    "RefundTooLarge",
    "ReplaysExhausted",
    "SpendingFrozen",
    "TransferConflict",
]


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


class NothingOwed(Conflict):
    code = "nothing_owed"
    title = "Less is owed than that."


class SpendingFrozen(PermissionDenied):
    """Staff stopped this person's spending; the reason is not told here."""

    code = "spending_frozen"
    title = "Your credits are frozen for now; please write to support."


class EmailNotVerified(PermissionDenied):
    code = "email_not_verified"
    title = "Verify your e-mail address before you buy."


class NotReplayable(Conflict):
    title = "This event is done, still being worked on, or not kept in full any more."


class ReplaysExhausted(Conflict):
    title = "This event was replayed too often; mend the cause, or discard it."


class ProviderRefused(Conflict):
    code = "provider_refused"
    title = "The payment provider does not take this order."


class PaymentRefused(PermissionDenied):
    """Says no more, so that nobody learns how to get round it."""

    code = "payment_refused"
    title = "This purchase cannot be made."


class ProviderUnreachable(PairlyError):
    code = "provider_unreachable"
    status = 503
    title = "The payment provider does not answer; try again later."


class NotPaid(Conflict):
    code = "not_paid"
    title = "This purchase has not been paid."


class PaymentDisputed(Conflict):
    """The bank may take the money back anyway; both together would give it back twice."""

    code = "payment_disputed"
    title = "The buyer's bank disputes this payment; nothing is refunded until that is decided."


class RefundTooLarge(Conflict):
    code = "refund_too_large"
    title = "Less than that is left to be refunded."


class CreditsSpent(Conflict):
    code = "credits_spent"
    title = "The credits of this refund are spent."
