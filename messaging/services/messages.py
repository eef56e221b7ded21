"""Sending messages: message, charge, events and counters in one commit, many at a time.

``send_messages`` is the one write path; sockets and REST hand it to the writer, and a single
message is a list of one.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from prometheus_client import Counter

from messaging.attachments.claims import Claims
from messaging.attachments.schemas import AttachmentView
from messaging.conversations import INBOX, ConversationBatch, ConversationState, Side
from messaging.errors import MessageBlocked
from messaging.events import MessageSent
from messaging.messages import MESSAGES, NO_ATTACHMENTS, message_view
from messaging.models import Hidden, Message
from messaging.schemas import MessageView
from messaging.services.first_contact import Beginnings, begins, check_unanswered
from messaging.services.send_requests import SendMessage, request_hash
from pairly.accounts.selectors import is_blocked_between, standings_of, user_exists
from pairly.core import clock
from pairly.core.db import on_commit
from pairly.core.errors import (
    ClientIdConflict,
    NotFound,
    PairlyError,
    PermissionDenied,
    Unavailable,
    ValidationFailed,
)
from pairly.core.ids import new_id
from pairly.core.table import Table
from pairly.moderation.classifier import Action, Verdict
from pairly.moderation.services import Flag, open_cases
from pairly.outbox.services import emit
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append
from payments.pricing.price_list import message_price
from payments.services import Charges, Wallet
from presence.services import people_changed

__all__ = ["SendResult", "send_messages"]

SENT = Counter("pairly_messages_sent", "Messages stored and charged.")

REPLIED = Table(Message, "id", "conversation_id", "deleted_at", "hidden")


class SendResult(msgspec.Struct):
    """A stored message. ``position`` is None when it had been sent before."""

    message: MessageView
    wallet: Wallet
    ack: str
    position: int | None = None

    @property
    def repeated(self) -> bool:
        return self.position is None


class Sent(msgspec.Struct):
    """What one request of a batch made. ``message_json`` is what the recipient gets; None for a
    message that is withheld."""

    request: SendMessage
    result: SendResult
    recipient_id: UUID
    message_json: str
    withheld: bool


def send_messages(requests: Sequence[SendMessage]) -> list[SendResult | PairlyError]:
    """Store, charge and announce messages; each request gets its result or its refusal.

    Refusals: ``NotFound``, ``Unavailable``, ``PermissionDenied``, ``ClientIdConflict``,
    ``ValidationFailed``, ``NotAnsweredYet``, ``TooManyNewConversations``, ``MessageBlocked``,
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
            for row in MESSAGES.select("client_key", {request.client_key for request in requests})
        }
        self._conversations = ConversationBatch(
            ids={r.conversation_id for r in requests if r.conversation_id},
            pairs={(r.sender_id, r.to_user_id) for r in requests if r.to_user_id},
        )
        addressed = {r.to_user_id for r in requests if r.to_user_id}
        people = senders | addressed | self._conversations.people
        self._standings = standings_of(people, now)
        self._replied: dict[UUID, tuple[Any, ...]] = {
            row[0]: row
            for row in REPLIED.select("id", {r.reply_to_id for r in requests if r.reply_to_id})
        }
        self._claims = Claims({one for r in requests for one in r.attachment_ids})
        self._beginnings = Beginnings((r.sender_id for r in requests if self._may_begin(r)), now)
        self._charges = Charges(senders, now, payees=people)
        self._rows: list[tuple[Any, ...]] = []
        self._sent: list[Sent] = []
        self._flags: list[Flag] = []

    def attempt(self, request: SendMessage) -> SendResult | PairlyError:
        try:
            return self._send(request)
        except PairlyError as refusal:
            return refusal

    def _send(self, request: SendMessage) -> SendResult:
        conversation = self._find(request)
        recipient_id = self._recipient(request, conversation)
        digest = request_hash(request, recipient_id)
        first = self._known.get(request.client_key)
        if first is not None:
            return self._repeat(request, digest, first)
        withheld = request.sender_id in self._standings.shadowed
        self._check_allowed(request, conversation, recipient_id)
        mine, theirs = conversation.sides_of(request.sender_id) if conversation else (None, None)
        check_unanswered(mine, theirs)
        if not withheld and begins(theirs):
            self._beginnings.check(request.sender_id)
        message_id = new_id()
        verdict = request.assessment.decide(answered=theirs is not None and theirs.sent > 0)
        if verdict.action is Action.BLOCK:
            self._flags.append(_flag("user", request.sender_id, request, verdict))
            raise MessageBlocked
        attachments = self._attachments(request) if request.attachment_ids else []
        # What nobody gets costs nothing.
        price = 0 if withheld else message_price(request.kind, self._now)
        wallet = self._charges.charge(
            payer_id=request.sender_id,
            payee_id=recipient_id,
            credits=price,
            operation=f"message:{message_id}",
            kind="message",
        )
        # From here on nothing is refused.
        if verdict.action is Action.FLAG:
            self._flags.append(_flag("message", message_id, request, verdict))
        if conversation is None:
            conversation = self._conversations.create(request.sender_id, recipient_id, self._now)
        self._advance(conversation, request, message_id, withheld=withheld)
        if attachments:
            self._claims.take(attachment_ids=request.attachment_ids, message_id=message_id)
        row = (
            message_id,
            conversation.id,
            conversation.last_seq,
            request.sender_id,
            request.client_key,
            digest,
            request.kind,
            request.reply_to_id,
            price,
            self._now,
            request.text,
            to_json(attachments) if attachments else NO_ATTACHMENTS,
            None,
            None,
            Hidden.WITHHELD | conversation.flag_of(recipient_id) if withheld else 0,
        )
        return self._note(request, row, wallet, recipient_id, withheld=withheld)

    def _note(
        self,
        request: SendMessage,
        row: tuple[Any, ...],
        wallet: Wallet,
        recipient_id: UUID,
        *,
        withheld: bool,
    ) -> SendResult:
        self._known[row[4]] = row
        self._rows.append(row)
        message = message_view(row, self._now_text)
        message_json = to_json(message)
        result = SendResult(message, wallet, _with_wallet(message_json, wallet))
        self._sent.append(Sent(request, result, recipient_id, message_json, withheld))
        return result

    def _find(self, request: SendMessage) -> ConversationState | None:
        """The conversation; None when this would be the first message to somebody."""
        if request.conversation_id is not None:
            return self._conversations.get_for(request.sender_id, request.conversation_id)
        assert request.to_user_id is not None
        return self._conversations.between(request.sender_id, request.to_user_id)

    def _may_begin(self, request: SendMessage) -> bool:
        """Whether one of the two may hear of the conversation only now."""
        if request.conversation_id is not None:
            conversation = self._conversations.find(request.conversation_id)
            return conversation is not None and conversation.is_unlisted
        assert request.to_user_id is not None
        conversation = self._conversations.between(request.sender_id, request.to_user_id)
        return conversation is None or conversation.is_unlisted

    def _recipient(self, request: SendMessage, conversation: ConversationState | None) -> UUID:
        if conversation is not None:
            return conversation.peer_of(request.sender_id)
        assert request.to_user_id is not None
        return request.to_user_id

    def _check_allowed(
        self, request: SendMessage, conversation: ConversationState | None, recipient_id: UUID
    ) -> None:
        if request.sender_id not in self._standings.active:
            raise PermissionDenied("This account may not write.")
        if recipient_id not in self._standings.active:
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
        if request.reply_to_id is not None and not self._may_reply(request, conversation):
            raise ValidationFailed.of(
                "reply_to_id", "does_not_exist", "The message replied to is not here."
            )

    def _may_reply(self, request: SendMessage, conversation: ConversationState | None) -> bool:
        """Whether the message replied to is there for the sender, and not a tombstone."""
        assert request.reply_to_id is not None
        replied = self._replied.get(request.reply_to_id)
        if replied is None or conversation is None:
            return False
        _id, conversation_id, deleted_at, hidden = replied
        unseen = conversation.flag_of(request.sender_id) | Hidden.STAFF
        return conversation_id == conversation.id and deleted_at is None and not hidden & unseen

    def _attachments(self, request: SendMessage) -> list[AttachmentView]:
        return self._claims.check(
            owner_id=request.sender_id, kind=request.kind, attachment_ids=request.attachment_ids
        )

    def _repeat(self, request: SendMessage, digest: str, first: tuple[Any, ...]) -> SendResult:
        if first[5] != digest:
            raise ClientIdConflict
        message = message_view(first, clock.to_rfc3339(first[9]))
        wallet = self._charges.wallet(request.sender_id)
        return SendResult(message, wallet, _with_wallet(to_json(message), wallet))

    def _advance(
        self,
        conversation: ConversationState,
        request: SendMessage,
        message_id: UUID,
        *,
        withheld: bool,
    ) -> None:
        if conversation.is_unlisted and not withheld:
            people_changed([conversation.first_id, conversation.second_id])
        conversation.last_seq += 1
        mine, theirs = conversation.sides_of(request.sender_id)
        self._show(mine, conversation.last_seq, message_id)
        if not withheld:
            if begins(theirs):
                self._beginnings.count(request.sender_id)
            self._show(theirs, conversation.last_seq, message_id)
            theirs.unread += 1
            mine.sent += 1
        self._conversations.touch(conversation)

    def _show(self, side: Side, seq: int, message_id: UUID) -> None:
        """A message comes to the top of a person's inbox, out of the archive too."""
        side.last_seq, side.last_message_id = seq, message_id
        side.folder, side.updated_at = INBOX, self._now

    def write(self) -> None:
        open_cases(self._flags, self._now)
        if not self._sent:
            return
        self._charges.write()
        self._beginnings.write()
        self._claims.write()
        self._conversations.write()
        MESSAGES.insert(self._rows)
        self._announce()
        emit(
            *(
                MessageSent(row[0], row[1], row[3], one.recipient_id, row[6], row[8], self._now)
                for row, one in zip(self._rows, self._sent, strict=True)
                if not one.withheld
            )
        )
        on_commit(partial(SENT.inc, len(self._rows)))

    def _announce(self) -> None:
        """One event for each of the two, but for what is withheld."""
        events: list[Append] = []
        own: list[int] = []
        for one in self._sent:
            request, sender_id = one.request, one.request.sender_id
            mine = f'{one.result.ack[:-1]},"peer_id":"{one.recipient_id}"}}'
            own.append(len(events))
            events.append(Append(sender_id, "message.new", mine, request.origin, one.result.ack))
            if not one.withheld:
                theirs = f'{{"message":{one.message_json},"peer_id":"{sender_id}"}}'
                events.append(Append(one.recipient_id, "message.new", theirs))
        positions = append(events, self._now)
        for one, index in zip(self._sent, own, strict=True):
            one.result.position = positions[index]


def _flag(target_type: str, target_id: UUID, request: SendMessage, verdict: Verdict) -> Flag:
    """What staff are to look at: what was let through, or who tried what was not."""
    return Flag(target_type, target_id, request.sender_id, request.text, verdict)


def _with_wallet(message_json: str, wallet: Wallet) -> str:
    return f'{{"message":{message_json},"wallet":{to_json(wallet)}}}'
