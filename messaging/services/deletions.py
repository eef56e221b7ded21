"""Deleting messages, for oneself or for both, many at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from django.conf import settings

from messaging.attachments.claims import release_of
from messaging.conversations import ConversationState
from messaging.errors import TooLate
from messaging.messages import NO_ATTACHMENTS, MessageBatch, MessageState
from messaging.models import Hidden
from messaging.removal import counts_as_unread, deleted_data, empty_logs, vanish
from messaging.schemas import MessageDeletedData
from pairly.core import clock
from pairly.core.errors import NotFound, PairlyError, PermissionDenied, Unavailable
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append

__all__ = ["DeleteMessage", "DeleteResult", "delete_messages"]


class DeleteMessage(msgspec.Struct, frozen=True):
    user_id: UUID
    message_id: UUID
    scope: Literal["me", "both"]
    origin: Origin | None = None


class DeleteResult(msgspec.Struct):
    """``position`` is None when it had been deleted before."""

    data: MessageDeletedData
    ack: str
    position: int | None = None


def delete_messages(requests: Sequence[DeleteMessage]) -> list[DeleteResult | PairlyError]:
    """Take messages out of one person's view, or leave tombstones in both; again is no news.

    For oneself any message, for ever; for both only what one wrote, for
    ``MESSAGE_DELETE_MINUTES``. Refusals: ``NotFound``, ``PermissionDenied``, ``Unavailable``
    for both under a block (so nobody withdraws what they were blocked for), ``TooLate``.
    """
    batch = _DeleteBatch(requests, clock.now())
    results = [batch.attempt(request) for request in requests]
    batch.write()
    return results


class _DeleteBatch:
    def __init__(self, requests: Sequence[DeleteMessage], now: datetime) -> None:
        self._now = now
        self._messages = MessageBatch({request.message_id for request in requests})
        self._events: list[Append] = []
        self._deleted: list[tuple[DeleteResult, int]] = []
        self._emptied: list[tuple[MessageState, ConversationState]] = []

    def attempt(self, request: DeleteMessage) -> DeleteResult | PairlyError:
        try:
            delete = self._for_both if request.scope == "both" else self._for_me
            return delete(request)
        except PairlyError as refusal:
            return refusal

    def _for_me(self, request: DeleteMessage) -> DeleteResult:
        user_id = request.user_id
        message, conversation = self._messages.find(request.message_id)
        flag = conversation.flag_of(user_id)
        if _deleted_by(message, conversation, user_id):
            return _result(deleted_data(message, conversation, user_id, "me"))
        self._messages.find_for(user_id, request.message_id)
        data = vanish(self._messages, message, conversation, user_id, "me")
        message.hidden |= flag
        return self._announced(request, data, message, conversation)

    def _for_both(self, request: DeleteMessage) -> DeleteResult:
        user_id = request.user_id
        message, conversation = self._messages.find_for(user_id, request.message_id)
        if message.sender_id != user_id:
            raise PermissionDenied("Only who wrote a message deletes it for both.")
        if message.deleted_at is None:
            self._check_allowed(message, conversation)
            return self._emptied_for_both(request, message, conversation)
        data = deleted_data(message, conversation, user_id, "both")
        data.message = message.view()
        return _result(data)

    def _check_allowed(self, message: MessageState, conversation: ConversationState) -> None:
        if conversation.blocked:
            raise Unavailable
        if self._now > message.created_at + timedelta(minutes=settings.MESSAGE_DELETE_MINUTES):
            raise TooLate

    def _emptied_for_both(
        self, request: DeleteMessage, message: MessageState, conversation: ConversationState
    ) -> DeleteResult:
        peer_id = conversation.peer_of(request.user_id)
        reaches_peer = message.shows_to(conversation.flag_of(peer_id))
        if reaches_peer and counts_as_unread(message, conversation, peer_id):
            conversation.side_of(peer_id).unread -= 1
        self._emptied.append((message, conversation))
        message.text, message.attachments, message.deleted_at = "", NO_ATTACHMENTS, self._now
        data = deleted_data(message, conversation, request.user_id, "both")
        data.message = message.view()
        result = self._announced(request, data, message, conversation)
        if reaches_peer:
            theirs = deleted_data(message, conversation, peer_id, "both")
            theirs.message = data.message
            self._events.append(Append(peer_id, "message.deleted", to_json(theirs)))
        return result

    def _announced(
        self,
        request: DeleteMessage,
        data: MessageDeletedData,
        message: MessageState,
        conversation: ConversationState,
    ) -> DeleteResult:
        self._messages.touch(message, conversation)
        result = _result(data)
        self._deleted.append((result, len(self._events)))
        own = Append(request.user_id, "message.deleted", result.ack, request.origin, result.ack)
        self._events.append(own)
        return result

    def write(self) -> None:
        self._messages.write()
        release_of([message.id for message, _conversation in self._emptied])
        for message, conversation in self._emptied:
            empty_logs(message, conversation)
        positions = append(self._events, self._now)
        for result, index in self._deleted:
            result.position = positions[index]


def _deleted_by(message: MessageState, conversation: ConversationState, user_id: UUID) -> bool:
    """Whether this person has deleted it before. Raises ``NotFound`` for a message that never
    was theirs, or that staff took away."""
    withheld = message.hidden & Hidden.WITHHELD and message.sender_id != user_id
    if not conversation.lists_for(user_id) or message.hidden & Hidden.STAFF or withheld:
        raise NotFound("There is no such message.")
    return bool(message.hidden & conversation.flag_of(user_id))


def _result(data: MessageDeletedData) -> DeleteResult:
    return DeleteResult(data, to_json(data))
