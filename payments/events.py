"""What payments announce."""

from dataclasses import dataclass
from uuid import UUID

__all__ = ["WebhookReceived"]


@dataclass(frozen=True, slots=True)
class WebhookReceived:
    """A provider's event was stored and waits to be processed."""

    webhook_id: UUID
