"""Reads of messaging; the ``..._for`` functions are the only way to a conversation."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import Q, QuerySet

from messaging.models import Conversation, Message
from pairly.accounts.models import User
from pairly.accounts.selectors import active_user_ids
from pairly.core.errors import NotFound, Unavailable

__all__ = [
    "ConversationView",
    "conversation_for",
    "conversations_for",
    "has_message",
    "messages_in",
    "partner_for",
    "views_for",
]


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as one of the two sees it, with the rows that its wire shape needs."""

    id: UUID
    peer: User
    last_seq: int
    my_delivered_seq: int
    my_read_seq: int
    peer_delivered_seq: int
    peer_read_seq: int
    unread: int
    last_message: Message | None
    updated_at: datetime


def conversation_for(user_id: UUID, conversation_id: UUID) -> Conversation:
    """Raises ``NotFound`` for what is absent, unopened or of others alike."""
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if (
        conversation is None
        or conversation.opened_at is None
        or user_id not in (conversation.first_id, conversation.second_id)
    ):
        raise NotFound("There is no such conversation.")
    return conversation


def partner_for(user_id: UUID, conversation_id: UUID) -> UUID:
    """Whom this person may write to there. Raises ``NotFound`` or ``Unavailable``."""
    conversation = conversation_for(user_id, conversation_id)
    partner_id = _peer_id(conversation, user_id)
    if conversation.blocked or partner_id not in active_user_ids([partner_id]):
        raise Unavailable
    return partner_id


def conversations_for(
    user_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Conversation]:
    """A person's conversations, most recent first, after the given place in that order.

    Two index reads, merged: an OR over both columns would sort everything at each page.
    """
    pages = [
        _recent(Conversation.objects.filter(**{side: user_id}), before)[:limit]
        for side in ("first_id", "second_id")
    ]
    merged: Iterable[Conversation] = heapq.merge(
        *pages, key=lambda c: (c.updated_at, c.id), reverse=True
    )
    return list(islice(merged, limit))


def _recent(
    conversations: "QuerySet[Conversation]", before: tuple[datetime, UUID] | None
) -> "QuerySet[Conversation]":
    if before is not None:
        at, last_id = before
        conversations = conversations.filter(
            Q(updated_at__lt=at) | Q(updated_at=at, id__lt=last_id), updated_at__lte=at
        )
    return conversations.filter(opened_at__isnull=False).order_by("-updated_at", "-id")


def views_for(user_id: UUID, conversations: Sequence[Conversation]) -> list[ConversationView]:
    """What the wire shows of these conversations; two queries for any number of them."""
    peers = User.objects.in_bulk([_peer_id(c, user_id) for c in conversations])
    newest = Message.objects.in_bulk(
        [c.last_message_id for c in conversations if c.last_message_id]
    )
    return [_view(c, user_id, peers, newest) for c in conversations]


def _view(
    conversation: Conversation,
    user_id: UUID,
    peers: dict[UUID, User],
    newest: dict[UUID, Message],
) -> ConversationView:
    mine, theirs = ("first", "second") if user_id == conversation.first_id else ("second", "first")
    last_id = conversation.last_message_id
    return ConversationView(
        id=conversation.id,
        peer=peers[_peer_id(conversation, user_id)],
        last_seq=conversation.last_seq,
        my_delivered_seq=getattr(conversation, f"{mine}_delivered_seq"),
        my_read_seq=getattr(conversation, f"{mine}_read_seq"),
        peer_delivered_seq=getattr(conversation, f"{theirs}_delivered_seq"),
        peer_read_seq=getattr(conversation, f"{theirs}_shown_read_seq"),
        unread=getattr(conversation, f"{mine}_unread"),
        last_message=newest.get(last_id) if last_id else None,
        updated_at=conversation.updated_at,
    )


def _peer_id(conversation: Conversation, user_id: UUID) -> UUID:
    return conversation.second_id if user_id == conversation.first_id else conversation.first_id


def has_message(user_id: UUID, message_id: UUID) -> bool:
    """Whether the message is one that this person was sent or wrote."""
    message = Message.objects.select_related("conversation").filter(pk=message_id).first()
    return message is not None and user_id in (
        message.conversation.first_id,
        message.conversation.second_id,
    )


def messages_in(
    conversation_id: UUID, *, before_seq: int | None, after_seq: int | None, limit: int
) -> list[Message]:
    """``after_seq``: the lowest above it, ascending; else the highest (below ``before_seq``),
    descending. Check access to the conversation first."""
    messages = Message.objects.filter(conversation_id=conversation_id)
    if after_seq is not None:
        return list(messages.filter(seq__gt=after_seq).order_by("seq")[:limit])
    if before_seq is not None:
        messages = messages.filter(seq__lt=before_seq)
    return list(messages.order_by("-seq")[:limit])
