"""What Pairly wants of a payment provider. Each gateway is one class behind this protocol.

A gateway speaks its provider's language and decides nothing: it turns what the provider says into
an ``Observation``, and ``intents.applying`` decides what comes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pairly.core.errors import PairlyError
from payments.intents.states import Status

__all__ = [
    "BadWebhook",
    "EventHead",
    "Gateway",
    "GatewayUnreachable",
    "MockGateway",
    "Observation",
    "Order",
    "SignatureInvalid",
    "SignedEvent",
]


class SignatureInvalid(PairlyError):
    code = "signature_invalid"
    status = 400
    title = "The signature is missing, wrong, or out of its time."


class BadWebhook(PairlyError):
    """Signed well, and yet not of the provider's shape."""

    code = "validation_error"
    status = 400
    title = "The event is not of the provider's shape."


class GatewayUnreachable(Exception):
    """The provider did not answer: it may or may not have done what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a provider has to know of an intent; ``ref`` is the provider's id, empty before."""

    intent_id: UUID
    amount_minor: int
    currency: str
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a provider says of a payment: its state in our words, and the money it speaks of.

    ``amount_minor`` is what was asked for, ``received_minor`` what came in (None unless it
    succeeded). ``intent_id`` is ours, as we gave it to the provider; None if it was lost.
    """

    provider: str
    ref: str
    intent_id: UUID | None
    status: Status
    amount_minor: int
    received_minor: int | None
    currency: str
    at: datetime
    failure_code: str = ""
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class EventHead:
    """What must be known of an event before it is stored."""

    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """An event as a provider sends it: the body's bytes and the headers over them."""

    body: bytes
    headers: Mapping[str, str]


class Gateway(Protocol):
    """``webhook_headers`` names, in small letters, the headers that come with an event."""

    name: str
    is_mock: bool
    webhook_headers: tuple[str, ...]

    def create(self, order: Order, now: datetime) -> Observation:
        """Have the provider expect a payment; for one intent it makes one, however often it is
        asked. Raises ``GatewayUnreachable``."""

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        """How the payment stands; None if the provider never heard of it. Raises
        ``GatewayUnreachable``."""

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        """Have the provider take no money any more, if it still can; how the payment stands
        then, None if the provider never heard of it. Raises ``GatewayUnreachable``."""

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        """Verify an event over its raw bytes. Raises ``SignatureInvalid``, ``BadWebhook``."""

    def read_webhook(self, body: bytes) -> Observation | None:
        """What a verified event says; None for a type that says nothing of a payment. Raises
        ``BadWebhook``."""

    def payment_page(self, intent_id: UUID) -> str | None:
        """Where the buyer pays, as a path of this server; None if the client has to know."""


class MockGateway(Gateway, Protocol):
    """A provider played by ourselves, which does on request what real ones do by themselves."""

    def play(self, order: Order, outcome: str, now: datetime) -> list[SignedEvent]:
        """Let something happen; the events to deliver, in this order. Raises ``Conflict`` for
        what cannot happen any more."""

    def settle(self, now: datetime) -> list[SignedEvent]:
        """Let the delayed payments succeed whose time has come; their events."""
