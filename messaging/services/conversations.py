"""Opening conversations, and what a block does to them."""

from datetime import datetime
from uuid import UUID

from messaging.conversations import ConversationBatch, ConversationState
from messaging.schemas import ConversationOpenedData
from pairly.accounts.selectors import active_user_ids, is_blocked_between, user_exists
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import NotFound, Unavailable, ValidationFailed
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append

__all__ = ["open_conversation", "set_blocked"]


def open_conversation(*, user_id: UUID, other_id: UUID) -> tuple[UUID, bool]:
    """The conversation of two people, made when it is not there.

    Returns its id and whether it is newly opened. Raises ``NotFound`` for a person who never
    was, ``Unavailable`` for one who cannot be written to.
    """
    if other_id == user_id:
        raise ValidationFailed.of("user_id", "invalid", "You cannot write to yourself.")
    return run_atomic(lambda: _open(user_id, other_id, clock.now()))


def _open(user_id: UUID, other_id: UUID, now: datetime) -> tuple[UUID, bool]:
    conversations = ConversationBatch(pairs={(user_id, other_id)})
    conversation = conversations.between(user_id, other_id)
    if conversation is not None and conversation.opened_at is not None:
        return conversation.id, False
    if other_id not in active_user_ids([other_id]):
        if not user_exists(other_id):
            raise NotFound("There is no such person.")
        raise Unavailable
    if is_blocked_between(user_id, other_id):
        raise Unavailable
    if conversation is None:
        conversation = conversations.create(user_id, other_id, now)
    conversation.opened_at = conversation.updated_at = now
    conversations.touch(conversation)
    conversations.write()
    append([_opened(conversation, person) for person in (user_id, other_id)], now)
    return conversation.id, True


def _opened(conversation: ConversationState, user_id: UUID) -> Append:
    assert conversation.opened_at is not None
    data = ConversationOpenedData(
        conversation_id=conversation.id,
        peer_id=conversation.peer_of(user_id),
        opened_at=clock.to_rfc3339(conversation.opened_at),
    )
    return Append(user_id, "conversation.opened", to_json(data))


def set_blocked(*, user_id: UUID, other_id: UUID, now: datetime) -> None:
    """Write the pair's block state into their conversation, inside the block's transaction.

    The row is made when it is not there: a block and a first message at the same time then meet
    in one row, and one of them sees the other.
    """
    conversations = ConversationBatch(pairs={(user_id, other_id)})
    conversation: ConversationState | None = conversations.between(user_id, other_id)
    if conversation is None:
        conversation = conversations.create(user_id, other_id, now)
    conversation.blocked = is_blocked_between(user_id, other_id)
    conversations.touch(conversation)
    conversations.write()
