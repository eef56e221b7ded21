"""Editing the text of a message, many at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings

from messaging.conversations import ConversationState
from messaging.errors import MessageBlocked, MessageDeleted, TooLate
from messaging.messages import MessageBatch, MessageState
from messaging.models import Hidden
from messaging.schemas import MessageView
from messaging.services.send_requests import TEXT, check_text
from pairly.accounts.selectors import standings_of
from pairly.core import clock
from pairly.core.errors import PairlyError, PermissionDenied, Unavailable, ValidationFailed
from pairly.moderation.classifier import Action, Assessment, assess
from pairly.moderation.services import Flag, open_cases
from pairly.realtime.frames import Origin, to_json
from pairly.realtime.services import Append, append

__all__ = ["EditMessage", "EditResult", "check_edit", "edit_messages"]


class EditMessage(msgspec.Struct, frozen=True):
    """A checked wish to edit; build it with ``check_edit``."""

    user_id: UUID
    message_id: UUID
    text: str
    assessment: Assessment
    origin: Origin | None = None


class EditResult(msgspec.Struct):
    """The message as it stands. ``position`` is None when it already had that text."""

    message: MessageView
    ack: str
    position: int | None = None


def check_edit(
    *, user_id: UUID, message_id: UUID, text: str, origin: Origin | None = None
) -> EditMessage:
    """Check what needs no database. Raises ``ValidationFailed``."""
    text = check_text(text)
    return EditMessage(user_id, message_id, text, assess(text), origin)


def edit_messages(requests: Sequence[EditMessage]) -> list[EditResult | PairlyError]:
    """Give messages another text and tell both people; who comes last wins.

    The client id keeps standing for the message as it was first sent. Refusals: ``NotFound``,
    ``PermissionDenied`` for what others wrote, ``MessageDeleted``, ``ValidationFailed``,
    ``Unavailable``, ``TooLate`` after ``MESSAGE_EDIT_MINUTES``, ``MessageBlocked``.
    """
    batch = _EditBatch(requests, clock.now())
    results = [batch.attempt(request) for request in requests]
    batch.write()
    return results


class _EditBatch:
    def __init__(self, requests: Sequence[EditMessage], now: datetime) -> None:
        self._now = now
        self._messages = MessageBatch({request.message_id for request in requests})
        self._standings = standings_of(self._messages.conversations.people, now)
        self._events: list[Append] = []
        self._edited: list[tuple[EditResult, int]] = []
        self._flags: list[Flag] = []

    def attempt(self, request: EditMessage) -> EditResult | PairlyError:
        try:
            return self._edit(request)
        except PairlyError as refusal:
            return refusal

    def _edit(self, request: EditMessage) -> EditResult:
        message, conversation = self._messages.find_for(request.user_id, request.message_id)
        if message.sender_id != request.user_id:
            raise PermissionDenied("Only who wrote a message edits it.")
        if message.deleted_at is not None:
            raise MessageDeleted
        if not request.text and message.kind == TEXT:
            raise ValidationFailed.of("text", "blank", "The message is empty.")
        if request.text == message.text:
            return _result(message)
        self._check_allowed(request, message, conversation)
        self._check_content(request, conversation)
        message.text, message.edited_at = request.text, self._now
        self._messages.touch(message, conversation)
        return self._announced(request, message, conversation)

    def _check_allowed(
        self, request: EditMessage, message: MessageState, conversation: ConversationState
    ) -> None:
        peer_id = conversation.peer_of(request.user_id)
        if request.user_id not in self._standings.active:
            raise PermissionDenied("This account may not write.")
        if conversation.blocked or peer_id not in self._standings.active:
            raise Unavailable
        if self._now > message.created_at + timedelta(minutes=settings.MESSAGE_EDIT_MINUTES):
            raise TooLate
        # What a shadow restricted person writes reaches nobody, by no way.
        reached = not message.hidden & Hidden.WITHHELD
        if reached and request.user_id in self._standings.shadowed:
            raise TooLate

    def _check_content(self, request: EditMessage, conversation: ConversationState) -> None:
        """As of a new message. Raises ``MessageBlocked``."""
        user_id = request.user_id
        answered = conversation.side_of(conversation.peer_of(user_id)).sent > 0
        verdict = request.assessment.decide(answered=answered)
        if verdict.action is Action.BLOCK:
            self._flags.append(Flag("user", user_id, user_id, request.text, verdict))
            raise MessageBlocked
        if verdict.action is Action.FLAG:
            flag = Flag("message", request.message_id, user_id, request.text, verdict)
            self._flags.append(flag)

    def _announced(
        self, request: EditMessage, message: MessageState, conversation: ConversationState
    ) -> EditResult:
        result = _result(message)
        mine = Append(request.user_id, "message.updated", result.ack, request.origin, result.ack)
        self._edited.append((result, len(self._events)))
        self._events.append(mine)
        peer_id = conversation.peer_of(request.user_id)
        if message.shows_to(conversation.flag_of(peer_id)):
            self._events.append(Append(peer_id, "message.updated", result.ack))
        return result

    def write(self) -> None:
        open_cases(self._flags, self._now)
        self._messages.write()
        positions = append(self._events, self._now)
        for result, index in self._edited:
            result.position = positions[index]


def _result(message: MessageState) -> EditResult:
    view = message.view()
    return EditResult(view, f'{{"message":{to_json(view)}}}')
