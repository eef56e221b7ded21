"""Opening conversations, keeping them, and what a block does to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from messaging.conversations import (
    ARCHIVED,
    INBOX,
    ConversationBatch,
    ConversationState,
    Side,
)
from messaging.schemas import ConversationOpenedData, ConversationUpdatedData
from messaging.services.first_contact import Beginnings
from pairly.accounts.selectors import is_blocked_between, standings_of, user_exists
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import NotFound, PairlyError, Unavailable, ValidationFailed
from pairly.realtime.frames import to_json
from pairly.realtime.services import Append, append
from presence.services import people_changed

__all__ = [
    "ChangeConversation",
    "ChangeResult",
    "change_conversations",
    "open_conversation",
    "set_blocked",
]


def open_conversation(*, user_id: UUID, other_id: UUID) -> tuple[UUID, bool]:
    """The conversation of two people, made when it is not there.

    Returns its id and whether it is newly opened. Raises ``NotFound`` for a person who never
    was, ``Unavailable`` for one who cannot be written to, ``TooManyNewConversations``.
    """
    if other_id == user_id:
        raise ValidationFailed.of("user_id", "invalid", "You cannot write to yourself.")
    return run_atomic(lambda: _open(user_id, other_id, clock.now()))


def _open(user_id: UUID, other_id: UUID, now: datetime) -> tuple[UUID, bool]:
    conversations = ConversationBatch(pairs={(user_id, other_id)})
    conversation = conversations.between(user_id, other_id)
    if conversation is not None and conversation.lists_for(user_id):
        return conversation.id, False
    standings = standings_of([user_id, other_id], now)
    if other_id not in standings.active:
        if not user_exists(other_id):
            raise NotFound("There is no such person.")
        raise Unavailable
    if is_blocked_between(user_id, other_id):
        raise Unavailable
    if conversation is None:
        conversation = conversations.create(user_id, other_id, now)
    # Nobody hears of what a shadow restricted person opens.
    told = [user_id] if user_id in standings.shadowed else [user_id, other_id]
    news = [one for one in told if not conversation.lists_for(one)]
    if other_id in news:
        _count_beginning(user_id, now)
    for one in news:
        side = conversation.side_of(one)
        side.folder, side.updated_at = INBOX, now
    conversations.touch(conversation)
    conversations.write()
    append([_opened(conversation, one, now) for one in news], now)
    if not conversation.is_unlisted:
        people_changed([user_id, other_id])
    return conversation.id, True


def _count_beginning(user_id: UUID, now: datetime) -> None:
    """Raises ``TooManyNewConversations``."""
    beginnings = Beginnings([user_id], now)
    beginnings.check(user_id)
    beginnings.count(user_id)
    beginnings.write()


def _opened(conversation: ConversationState, user_id: UUID, now: datetime) -> Append:
    data = ConversationOpenedData(
        conversation_id=conversation.id,
        peer_id=conversation.peer_of(user_id),
        opened_at=clock.to_rfc3339(now),
    )
    return Append(user_id, "conversation.opened", to_json(data))


class ChangeConversation(msgspec.Struct, frozen=True):
    """A wish to keep a conversation otherwise; None leaves as it is."""

    user_id: UUID
    conversation_id: UUID
    muted: bool | None = None
    archived: bool | None = None


class ChangeResult(msgspec.Struct):
    """``position`` is None when nothing changed."""

    position: int | None = None


def change_conversations(
    requests: Sequence[ChangeConversation],
) -> list[ChangeResult | PairlyError]:
    """Mute and archive conversations for one of the two, and tell that person's devices.

    Muting is for clients and notifications to heed; an archived conversation comes back by its
    next message. Refusals: ``NotFound``.
    """
    now = clock.now()
    conversations = ConversationBatch(ids={request.conversation_id for request in requests})
    results: list[ChangeResult | PairlyError] = []
    changed: list[tuple[ChangeResult, Append]] = []
    for request in requests:
        try:
            conversation = conversations.get_for(request.user_id, request.conversation_id)
        except PairlyError as refusal:
            results.append(refusal)
            continue
        result = ChangeResult()
        results.append(result)
        if _change(conversation.side_of(request.user_id), request):
            conversations.touch(conversation)
            changed.append((result, _updated(conversation, request.user_id)))
    conversations.write()
    positions = append([event for _result, event in changed], now)
    for (result, _event), position in zip(changed, positions, strict=True):
        result.position = position
    return results


def _change(side: Side, request: ChangeConversation) -> bool:
    """Whether anything is otherwise now."""
    before = (side.muted, side.folder)
    if request.muted is not None:
        side.muted = request.muted
    if request.archived is not None:
        side.folder = ARCHIVED if request.archived else INBOX
    return (side.muted, side.folder) != before


def _updated(conversation: ConversationState, user_id: UUID) -> Append:
    side = conversation.side_of(user_id)
    data = ConversationUpdatedData(
        conversation_id=conversation.id,
        muted=side.muted,
        archived=side.folder == ARCHIVED,
    )
    return Append(user_id, "conversation.updated", to_json(data))


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
