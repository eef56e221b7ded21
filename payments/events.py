"""What payments announce. Amounts are in minor units of the intent's currency."""

from dataclasses import dataclass
from uuid import UUID

__all__ = [
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


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """An attempt to pay was declined; another may follow on the same intent."""

    user_id: UUID
    intent_id: UUID
    failure_code: str


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """Money is on its way to the buyer for good, and its credits are taken."""

    user_id: UUID
    intent_id: UUID
    refund_id: UUID
    amount_minor: int
    credits: int


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The provider could not give the money back; the credits are the buyer's again."""

    user_id: UUID
    intent_id: UUID
    refund_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    user_id: UUID
    intent_id: UUID
    dispute_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DisputeClosed:
    user_id: UUID
    intent_id: UUID
    dispute_id: UUID
    amount_minor: int
    won: bool
