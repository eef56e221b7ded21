"""What payments announce. Amounts are in minor units of ``currency``, the intent's.

Fields with a default came later: events of before may still wait in the outbox.
"""

from dataclasses import dataclass
from uuid import UUID

__all__ = [
    "CreditsAdded",
    "CreditsLow",
    "DisputeClosed",
    "DisputeOpened",
    "PaymentFailed",
    "PurchaseCompleted",
    "RefundFailed",
    "RefundSettled",
    "WebhookReceived",
]


@dataclass(frozen=True, slots=True)
class WebhookReceived:
    """A provider's event was stored and waits to be processed."""

    webhook_id: UUID


@dataclass(frozen=True, slots=True)
class PurchaseCompleted:
    """An intent is paid and its credits are there."""

    user_id: UUID
    intent_id: UUID
    credits: int
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """An attempt to pay was declined; another may follow on the same intent."""

    user_id: UUID
    intent_id: UUID
    failure_code: str
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """Money is on its way to the buyer for good, and its credits are taken."""

    user_id: UUID
    intent_id: UUID
    refund_id: UUID
    amount_minor: int
    credits: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The provider could not give the money back; the credits are the buyer's again."""

    user_id: UUID
    intent_id: UUID
    refund_id: UUID
    amount_minor: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    user_id: UUID
    intent_id: UUID
    dispute_id: UUID
    amount_minor: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class DisputeClosed:
    user_id: UUID
    intent_id: UUID
    dispute_id: UUID
    amount_minor: int
    won: bool
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CreditsAdded:
    """Credits came that were not bought just now. ``reason`` is ``bonus``, ``grant``, ``refund``
    or ``released`` (from a review); ``operation`` is their name in the ledger."""

    user_id: UUID
    credits: int
    reason: str
    operation: str


@dataclass(frozen=True, slots=True)
class CreditsLow:
    """What a person may spend fell below ``CREDITS_LOW_CREDITS`` by this operation."""

    user_id: UUID
    available: int
    operation: str
