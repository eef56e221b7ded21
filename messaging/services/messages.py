"""Sending messages: message, charge, events and counters in one commit, many at a time.

``send_messages`` is the one write path; sockets and REST hand it to the writer, and a single
message is a list of one.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from messaging.conversations import ConversationBatch, ConversationState
from messaging.errors import ClientIdConflict
from messaging.events import MessageSent
from messaging.models import Message, MessageKind, client_key
from messaging.schemas import MessageView
from pairly.accounts.selectors import active_user_ids, is_blocked_between, user_exists
from pairly.core import clock
from pairly.core.errors import (
    NotFound,
    PairlyError,
    PermissionDenied,
    Unavailable,
    ValidationFailed,
)
from pairly.core.ids import new_id
from pairly.core.table import Table
from pairly.outbox.services import emit
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append
from payments.pricing.price_list import message_price
from payments.services import Charges, Wallet

__all__ = ["SendMessage", "SendResult", "check_send", "message_view", "send_messages"]

COLUMNS = (
    "id",
    "conversation_id",
    "seq",
    "sender_id",
    "client_key",
    "request_hash",
    "kind",
    "text",
    "reply_to_id",
    "price",
    "created_at",
)
MESSAGES = Table(Message, *COLUMNS)
KINDS = frozenset(MessageKind.values)
REPLIED = Table(Message, "id", "conversation_id")


class SendMessage(msgspec.Struct, frozen=True):
    """A checked wish to send; build it with ``check_send``."""

    sender_id: UUID
    client_id: str
    kind: str
    text: str
    conversation_id: UUID | None
    to_user_id: UUID | None
    reply_to_id: UUID | None
    origin: Origin | None = None


class SendResult(msgspec.Struct):
    """A stored message. ``position`` is None when it had been sent before."""

    message: MessageView
    wallet: Wallet
    ack: str
    position: int | None = None

    @property
    def repeated(self) -> bool:
        return self.position is None


def check_send(
    *,
    sender_id: UUID,
    client_id: str,
    kind: str,
    text: str,
    conversation_id: UUID | None,
    to_user_id: UUID | None,
    reply_to_id: UUID | None,
    origin: Origin | None = None,
) -> SendMessage:
    """Check what needs no database. Raises ``ValidationFailed``."""
    if (conversation_id is None) == (to_user_id is None):
        sentence = "Give either conversation_id or to_user_id."
        raise ValidationFailed.of("conversation_id", "invalid", sentence)
    if to_user_id == sender_id:
        raise ValidationFailed.of("to_user_id", "invalid", "You cannot write to yourself.")
    if kind not in KINDS:
        raise ValidationFailed.of("kind", "invalid_choice", "There is no such kind of message.")
    if not client_id.isprintable():
        raise ValidationFailed.of("client_id", "invalid", "The client_id is not plain text.")
    text = text.strip()
    if not text or "\0" in text:
        raise ValidationFailed.of("text", "blank", "The message is empty.")
    if len(text) > settings.MESSAGE_TEXT_CHARACTERS_MAX:
        sentence = f"The text has more than {settings.MESSAGE_TEXT_CHARACTERS_MAX} characters."
        raise ValidationFailed.of("text", "max_length", sentence)
    return SendMessage(
        sender_id, client_id, kind, text, conversation_id, to_user_id, reply_to_id, origin
    )


def send_messages(requests: Sequence[SendMessage]) -> list[SendResult | PairlyError]:
    """Store, charge and announce messages; each request gets its result or its refusal.

    Refusals: ``NotFound``, ``Unavailable``, ``PermissionDenied``, ``ClientIdConflict``,
    ``InsufficientCredits``. A refused request leaves nothing behind, its client id included.
    """
    batch = _SendBatch(requests, clock.now())
    results = [batch.attempt(request) for request in requests]
    batch.write()
    return results


class _SendBatch:
    """One transaction's worth of sends: one read of each kind, decisions in memory in the order
    of asking, one write of each kind."""

    def __init__(self, requests: Sequence[SendMessage], now: datetime) -> None:
        self._now, self._now_text = now, clock.to_rfc3339(now)
        senders = {request.sender_id for request in requests}
        self._known = {
            row[4]: row
            for row in MESSAGES.select(
                "client_key", {client_key(r.sender_id, r.client_id) for r in requests}
            )
        }
        self._conversations = ConversationBatch(
            ids={r.conversation_id for r in requests if r.conversation_id},
            pairs={(r.sender_id, r.to_user_id) for r in requests if r.to_user_id},
        )
        addressed = {r.to_user_id for r in requests if r.to_user_id}
        self._active = active_user_ids(senders | addressed | self._conversations.people)
        self._replied: dict[UUID, UUID] = dict(
            REPLIED.select("id", {r.reply_to_id for r in requests if r.reply_to_id})
        )
        self._charges = Charges(senders, now)
        self._rows: list[tuple[Any, ...]] = []
        self._sent: list[tuple[SendMessage, SendResult, UUID, str]] = []

    def attempt(self, request: SendMessage) -> SendResult | PairlyError:
        try:
            return self._send(request)
        except PairlyError as refusal:
            return refusal

    def _send(self, request: SendMessage) -> SendResult:
        conversation = self._find(request)
        recipient_id = self._recipient(request, conversation)
        digest = _request_hash(request, recipient_id)
        key = client_key(request.sender_id, request.client_id)
        first = self._known.get(key)
        if first is not None:
            return self._repeat(request, digest, first)
        self._check_allowed(request, conversation, recipient_id)
        message_id, price = new_id(), message_price(request.kind, self._now)
        wallet = self._charges.charge(
            payer_id=request.sender_id,
            payee_id=recipient_id,
            credits=price,
            operation=f"message:{message_id}",
            kind="message",
        )
        if conversation is None:
            conversation = self._conversations.create(request.sender_id, recipient_id, self._now)
        self._advance(conversation, message_id, recipient_id)
        row = (
            message_id,
            conversation.id,
            conversation.last_seq,
            request.sender_id,
            key,
            digest,
            request.kind,
            request.text,
            request.reply_to_id,
            price,
            self._now,
        )
        self._known[key] = row
        self._rows.append(row)
        message = message_view(row, self._now_text)
        message_json = to_json(message)
        result = SendResult(message, wallet, _with_wallet(message_json, wallet))
        self._sent.append((request, result, recipient_id, message_json))
        return result

    def _find(self, request: SendMessage) -> ConversationState | None:
        """The conversation; None when this would be the first message to somebody."""
        if request.conversation_id is not None:
            return self._conversations.get_for(request.sender_id, request.conversation_id)
        assert request.to_user_id is not None
        return self._conversations.between(request.sender_id, request.to_user_id)

    def _recipient(self, request: SendMessage, conversation: ConversationState | None) -> UUID:
        if conversation is not None:
            return conversation.peer_of(request.sender_id)
        assert request.to_user_id is not None
        return request.to_user_id

    def _check_allowed(
        self, request: SendMessage, conversation: ConversationState | None, recipient_id: UUID
    ) -> None:
        if request.sender_id not in self._active:
            raise PermissionDenied("This account may not write.")
        if recipient_id not in self._active:
            if conversation is None and not user_exists(recipient_id):
                raise NotFound("There is no such person.")
            raise Unavailable
        if conversation is None:
            # The row of a block is written together with the conversation's, so a conversation
            # that is not there yet can only be blocked by a block older than this transaction.
            if is_blocked_between(request.sender_id, recipient_id):
                raise Unavailable
        elif conversation.blocked:
            raise Unavailable
        if request.reply_to_id is not None and (
            conversation is None or self._replied.get(request.reply_to_id) != conversation.id
        ):
            raise ValidationFailed.of(
                "reply_to_id", "does_not_exist", "The message replied to is not here."
            )

    def _repeat(self, request: SendMessage, digest: str, first: tuple[Any, ...]) -> SendResult:
        if first[5] != digest:
            raise ClientIdConflict
        message = message_view(first, clock.to_rfc3339(first[10]))
        wallet = self._charges.wallet(request.sender_id)
        return SendResult(message, wallet, _with_wallet(to_json(message), wallet))

    def _advance(
        self, conversation: ConversationState, message_id: UUID, recipient_id: UUID
    ) -> None:
        conversation.last_seq += 1
        conversation.last_message_id = message_id
        conversation.opened_at = conversation.opened_at or self._now
        conversation.updated_at = self._now
        conversation.side_of(recipient_id).unread += 1
        self._conversations.touch(conversation)

    def write(self) -> None:
        if not self._sent:
            return
        self._charges.write()
        self._conversations.write()
        MESSAGES.insert(self._rows)
        events: list[Append] = []
        for request, result, recipient_id, message_json in self._sent:
            sender_id = request.sender_id
            mine = f'{result.ack[:-1]},"peer_id":"{recipient_id}"}}'
            theirs = f'{{"message":{message_json},"peer_id":"{sender_id}"}}'
            events += (
                Append(sender_id, "message.new", mine, request.origin, result.ack),
                Append(recipient_id, "message.new", theirs),
            )
        positions = append(events, self._now)
        for (_request, result, _recipient, _json), position in zip(
            self._sent, positions[::2], strict=True
        ):
            result.position = position
        emit(
            *(
                MessageSent(row[0], row[1], row[3], recipient_id, row[6], row[9], self._now)
                for row, (_request, _result, recipient_id, _json) in zip(
                    self._rows, self._sent, strict=True
                )
            )
        )


def _request_hash(request: SendMessage, recipient_id: UUID) -> str:
    """What a client id stands for. Fields are joined with a character that none may contain,
    the text last."""
    reply = request.reply_to_id.hex if request.reply_to_id else ""
    content = "\0".join((recipient_id.hex, request.kind, reply, request.text))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def message_view(row: tuple[Any, ...], created_at: str) -> MessageView:
    """The wire shape of a row of ``COLUMNS``."""
    return MessageView(
        id=row[0],
        conversation_id=row[1],
        seq=row[2],
        sender_id=row[3],
        client_id=row[4][32:],
        kind=row[6],
        text=row[7],
        attachments=[],
        reply_to_id=row[8],
        price=row[9],
        created_at=created_at,
    )


def _with_wallet(message_json: str, wallet: Wallet) -> str:
    return f'{{"message":{message_json},"wallet":{to_json(wallet)}}}'
