"""What Pairly wants of a payment provider. Each gateway is one class behind this protocol.

A gateway speaks its provider's language and decides nothing: it turns what the provider says into
an ``Observation``, and ``intents.applying`` decides what comes of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from pairly.core.errors import PairlyError
from payments.intents.states import Status

__all__ = [
    "BadWebhook",
    "DisputeSeen",
    "DisputeState",
    "EventHead",
    "Gateway",
    "GatewayRefused",
    "GatewayUnreachable",
    "LineKind",
    "MockGateway",
    "Observation",
    "Order",
    "RefundOrder",
    "RefundSeen",
    "RefundState",
    "SignatureInvalid",
    "SignedEvent",
    "StatementLine",
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


class GatewayRefused(Exception):
    """The provider answered no: it has surely not done what was asked. ``code`` says why, in
    the provider's words."""

    def __init__(self, code: str, sentence: str = "") -> None:
        super().__init__(sentence or code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a provider has to know of an intent. ``ref`` is the provider's id, empty before; then
    the provider is searched from ``created_at`` on, when the intent was made."""

    intent_id: UUID
    amount_minor: int
    currency: str
    created_at: datetime
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


class RefundState(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What a provider has to know of a refund. ``refund_id`` is ours and the provider's key
    derives from it, so that one refund is made once; ``ref`` is the provider's id of the refund,
    empty before, ``payment_ref`` the intent's ``provider_ref``."""

    refund_id: UUID
    intent_id: UUID
    payment_ref: str
    amount_minor: int
    currency: str
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSeen:
    """What a provider says of a refund. ``refund_id`` is ours, None for one that was made in the
    provider's own dashboard; ``payment_ref`` may be empty where only our ids were given back."""

    provider: str
    ref: str
    refund_id: UUID | None
    intent_id: UUID | None
    payment_ref: str
    state: RefundState
    amount_minor: int
    currency: str
    at: datetime
    failure_code: str = ""


class DisputeState(StrEnum):
    OPENED = "opened"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeSeen:
    """What a provider says of a dispute over a payment; ``reason`` in the provider's words."""

    provider: str
    ref: str
    intent_id: UUID | None
    payment_ref: str
    state: DisputeState
    amount_minor: int
    currency: str
    at: datetime
    reason: str = ""


class LineKind(StrEnum):
    """``refund_failed`` brings back what a refund took that then failed; a provider that takes
    it only once a refund has succeeded has no such line."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement on the provider's account with us. ``amount_minor`` is positive for what came
    in and negative for what went out, before ``fee_minor`` (what the provider kept, at least 0).
    ``ref`` names what moved: the payment (an intent's ``provider_ref``), the refund or the
    dispute at the provider; ``payment_ref`` the payment that it belongs to. ``line_ref`` is
    unique at the provider. ``intent_id`` is ours where the provider gave it back."""

    provider: str
    line_ref: str
    kind: LineKind
    ref: str
    payment_ref: str
    intent_id: UUID | None
    amount_minor: int
    fee_minor: int
    currency: str
    at: datetime


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
    """``webhook_headers`` names, in small letters, the headers that come with an event.

    A movement may be missing from the statement for ``statement_delay_days``, until the provider
    has settled it. Without its ``needed_settings`` the gateway does not work.
    """

    name: str
    is_mock: bool
    webhook_headers: tuple[str, ...]
    statement_delay_days: int
    needed_settings: tuple[str, ...]

    @property
    def public_key(self) -> str | None:
        """What a client's own library of the provider has to know; None if it needs none."""

    def create(self, order: Order, now: datetime) -> Observation:
        """Have the provider expect a payment; for one intent it makes one, however often it is
        asked. Raises ``GatewayUnreachable``, ``GatewayRefused``."""

    def fetch(self, order: Order, now: datetime) -> Observation | None:
        """How the payment stands; None if the provider never heard of it. Raises
        ``GatewayUnreachable``."""

    def cancel(self, order: Order, now: datetime) -> Observation | None:
        """Have the provider take no money any more, if it still can; how the payment stands
        then, None if the provider never heard of it. Raises ``GatewayUnreachable``."""

    def check_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> EventHead:
        """Verify an event over its raw bytes. Raises ``SignatureInvalid``, ``BadWebhook``."""

    def read_webhook(self, body: bytes) -> Observation | RefundSeen | DisputeSeen | None:
        """What a verified event says; None for a type that says nothing of these. Raises
        ``BadWebhook``."""

    def refund(self, order: RefundOrder, now: datetime) -> RefundSeen:
        """Have the provider give money back; once for one refund, however often it is asked.
        Raises ``GatewayUnreachable``, ``GatewayRefused``."""

    def fetch_refund(self, order: RefundOrder, now: datetime) -> RefundSeen | None:
        """How a refund stands; None if the provider never heard of it. Raises
        ``GatewayUnreachable``."""

    def statement(self, since: datetime, until: datetime) -> Iterator[StatementLine]:
        """The movements from ``since`` until before ``until``, oldest first, fetched page by
        page; times are whole seconds. Raises ``GatewayUnreachable``, ``GatewayRefused``."""

    def payment_page(self, intent_id: UUID) -> str | None:
        """Where the buyer pays, as a path of this server; None if the client has to know."""


class MockGateway(Gateway, Protocol):
    """A provider played by ourselves, which does on request what real ones do by themselves."""

    def play(self, order: Order, outcome: str, now: datetime) -> list[SignedEvent]:
        """Let something happen; the events to deliver, in this order. Raises ``Conflict`` for
        what cannot happen any more."""

    def settle(self, now: datetime) -> list[SignedEvent]:
        """Let the delayed payments and refunds come through, or fail, whose time has come; their
        events, and those of refunds that were made at once."""
