"""Ways in which a notification reaches a person, and the protocol of those who send.

A sender registers itself when its app gets ready. It is given what is rendered already, finds the
address itself (a mail address, the devices of a person) and answers for each what became of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

__all__ = ["Channel", "Outcome", "Outgoing", "Result", "Sender", "register", "sender_of"]

Channel = Literal["in_app", "email", "push"]
"""What preferences and deliveries speak of; push fans out over the person's devices."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a sender gets: rendered already, addressed by the sender itself."""

    delivery_id: UUID
    user_id: UUID
    kind: str
    """``message.received``"""
    notification_class: str
    """``ring``, ``security``, ``money``, ``social`` or ``marketing``"""
    title: str
    body: str
    """Plain text."""
    html: str
    """Mail only, empty elsewhere."""
    data: Mapping[str, str]
    """What a client opens: ``{"conversation_id": …}``"""
    collapse_key: str
    """Empty for none."""
    expires_at: datetime | None
    badge: int | None
    unsubscribe_category: str
    """Empty where it cannot be refused; ``digest`` for what tells of several."""
    language: str = "en"
    """Of its words."""


class Outcome(StrEnum):
    """``NO_ADDRESS`` is skipped, with its reason: no device, suppressed, not verified."""

    SENT = "sent"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    detail: str
    """For staff; no secrets."""
    provider_ref: str = ""
    retry_after_seconds: int | None = None


class Sender(Protocol):
    channel: Channel

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        """One result for each, in the same order. Called outside of any transaction; never raises
        for a provider's failure."""
        ...


_senders: dict[Channel, Sender] = {}


def register(sender: Sender) -> None:
    """Let this sender take its channel's deliveries. Call it from ``AppConfig.ready``."""
    _senders[sender.channel] = sender


def sender_of(channel: Channel) -> Sender | None:
    """None where nothing sends on this channel; its deliveries are skipped."""
    return _senders.get(channel)
