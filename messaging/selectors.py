"""Reads of messaging; the ``..._for`` functions are the only way to a conversation."""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import Q, QuerySet

from messaging.models import Conversation, Folder, Hidden, Message, pair_key
from pairly.accounts.models import User
from pairly.accounts.selectors import standings_of
from pairly.core import clock
from pairly.core.errors import NotFound, Unavailable
from pairly.core.table import Table

__all__ = [
    "ConversationView",
    "Listed",
    "acquainted",
    "SentMessage",
    "conversation_for",
    "conversations_for",
    "has_message",
    "message_for",
    "messages_for",
    "partner_for",
    "recipients_of",
    "sent_messages",
    "view_for",
    "views_of",
    "waited_for_in",
]


ACQUAINTANCES = Table(Conversation, "pair_key", "blocked", "first_folder", "second_folder")


SENT = Table(
    Message, *("id", "conversation_id", "seq", "sender_id", "kind", "price", "created_at", "hidden")
)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What was sent, without its content."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    kind: str
    price: int
    created_at: datetime
    hidden: int

    @property
    def is_withheld(self) -> bool:
        return bool(self.hidden & Hidden.WITHHELD)


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
    muted: bool
    archived: bool
    last_message: Message | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in a list of one of the two, and its place there."""

    conversation: Conversation
    user_id: UUID
    updated_at: datetime

    @property
    def id(self) -> UUID:
        return self.conversation.id


def conversation_for(user_id: UUID, conversation_id: UUID) -> Conversation:
    """Raises ``NotFound`` for what is absent, not opened for this person, or of others alike."""
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None or not _lists(conversation, user_id):
        raise NotFound("There is no such conversation.")
    return conversation


def _lists(conversation: Conversation, user_id: UUID) -> bool:
    return conversation.has(user_id) and conversation.of(user_id, "folder") != Folder.NONE


def partner_for(user_id: UUID, conversation_id: UUID) -> UUID | None:
    """Whom this person may write to there; None when what they do is to reach nobody. Raises
    ``NotFound`` or ``Unavailable``."""
    conversation = conversation_for(user_id, conversation_id)
    partner_id = conversation.peer_of(user_id)
    standings = standings_of([user_id, partner_id], clock.now())
    if conversation.blocked or partner_id not in standings.active:
        raise Unavailable
    heard = user_id not in standings.shadowed and _lists(conversation, partner_id)
    return partner_id if heard else None


def acquainted(pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of the pairs who share a conversation that both have, with no block. One bulk read."""
    keys = {pair: pair_key(*pair) for pair in pairs}
    rows = ACQUAINTANCES.select("pair_key", set(keys.values()))
    known = {key for key, blocked, *folders in rows if not blocked and Folder.NONE not in folders}
    return {pair for pair, key in keys.items() if key in known}


def recipients_of(message_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """To whom each message went, in two queries; the unknown are left out."""
    found = Message.objects.filter(pk__in=list(message_ids))
    sent = list(found.values_list("pk", "conversation_id", "sender_id"))
    conversations = Conversation.objects.in_bulk({row[1] for row in sent})
    return {
        message_id: conversations[conversation_id].peer_of(sender_id)
        for message_id, conversation_id, sender_id in sent
    }


def waited_for_in(conversation_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Of these conversations, who has not read all of which, and has not muted it. One query."""
    found = Conversation.objects.filter(pk__in=list(conversation_ids))
    return {
        (one.pk, user_id)
        for one in found
        for user_id in (one.first_id, one.second_id)
        if one.of(user_id, "unread") and not one.of(user_id, "muted")
    }


def conversations_for(
    user_id: UUID,
    *,
    folders: Collection[Folder],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Listed]:
    """A person's conversations, most recent first, after the given place in that order.

    Two index reads for each folder, merged: an OR over both columns would sort everything at
    each page.
    """
    pages = [
        [
            Listed(conversation, user_id, conversation.of(user_id, "updated_at"))
            for conversation in _recent(side, user_id, folder, before)[:limit]
        ]
        for folder in folders
        for side in ("first", "second")
    ]
    merged: Iterable[Listed] = heapq.merge(
        *pages, key=lambda one: (one.updated_at, one.id), reverse=True
    )
    return list(islice(merged, limit))


def _recent(
    side: str, user_id: UUID, folder: Folder, before: tuple[datetime, UUID] | None
) -> "QuerySet[Conversation]":
    moment = f"{side}_updated_at"
    conversations = Conversation.objects.filter(
        **{f"{side}_id": user_id, f"{side}_folder": folder.value}
    )
    if before is not None:
        at, last_id = before
        conversations = conversations.filter(
            Q(**{f"{moment}__lt": at}) | Q(**{moment: at, "id__lt": last_id}),
            **{f"{moment}__lte": at},
        )
    return conversations.order_by(f"-{moment}", "-id")


def views_of(listed: Sequence[Listed]) -> list[ConversationView]:
    """What the wire shows of these conversations; two queries for any number of them."""
    peers = User.objects.in_bulk([one.conversation.peer_of(one.user_id) for one in listed])
    last_ids = [one.conversation.of(one.user_id, "last_message_id") for one in listed]
    newest = Message.objects.in_bulk([last_id for last_id in last_ids if last_id])
    now = clock.now()
    return [
        _view(one, peers[one.conversation.peer_of(one.user_id)], newest.get(last_id), now)
        for one, last_id in zip(listed, last_ids, strict=True)
    ]


def view_for(user_id: UUID, conversation_id: UUID) -> ConversationView:
    """One conversation, whatever list it is in. Raises ``NotFound``."""
    conversation = conversation_for(user_id, conversation_id)
    updated_at = conversation.of(user_id, "updated_at")
    (view,) = views_of([Listed(conversation, user_id, updated_at)])
    return view


def _view(one: Listed, peer: User, last_message: Message | None, now: datetime) -> ConversationView:
    conversation, user_id = one.conversation, one.user_id
    return ConversationView(
        id=conversation.id,
        peer=_by_name(peer) if conversation.blocked or not peer.may_act_at(now) else peer,
        last_seq=conversation.of(user_id, "last_seq"),
        my_delivered_seq=conversation.of(user_id, "delivered_seq"),
        my_read_seq=conversation.of(user_id, "read_seq"),
        peer_delivered_seq=conversation.of(peer.id, "shown_delivered_seq"),
        peer_read_seq=conversation.of(peer.id, "shown_read_seq"),
        unread=conversation.of(user_id, "unread"),
        muted=conversation.of(user_id, "muted"),
        archived=conversation.of(user_id, "folder") == Folder.ARCHIVED,
        last_message=last_message,
        updated_at=one.updated_at,
    )


def _by_name(user: User) -> User:
    """All that is told of a person who is suspended or gone, or under a block; elsewhere they are
    not to be found at all."""
    return User(id=user.id, display_name=user.display_name)


def has_message(user_id: UUID, message_id: UUID) -> bool:
    """Whether ``message_for`` finds it."""
    try:
        message_for(user_id, message_id)
    except NotFound:
        return False
    return True


def message_for(user_id: UUID, message_id: UUID) -> Message:
    """One that this person wrote or was sent, and that neither they nor staff took away; it may
    be a tombstone. Raises ``NotFound`` for all others alike."""
    message = Message.objects.select_related("conversation").filter(pk=message_id).first()
    if message is None or not _shows(message, message.conversation, user_id):
        raise NotFound("There is no such message.")
    return message


def _shows(message: Message, conversation: Conversation, user_id: UUID) -> bool:
    return _lists(conversation, user_id) and message.hidden in _visible(conversation, user_id)


def _visible(conversation: Conversation, user_id: UUID) -> tuple[int, ...]:
    side = Hidden.FIRST if user_id == conversation.first_id else Hidden.SECOND
    return Hidden.visible_to(side)


def messages_for(
    user_id: UUID,
    conversation: Conversation,
    *,
    before_seq: int | None,
    after_seq: int | None,
    limit: int,
) -> list[Message]:
    """What this person sees there. ``after_seq``: the lowest above it, ascending; else the
    highest (below ``before_seq``), descending. The conversation is one of ``conversation_for``."""
    messages = Message.objects.filter(
        conversation_id=conversation.id, hidden__in=_visible(conversation, user_id)
    )
    if after_seq is not None:
        return list(messages.filter(seq__gt=after_seq).order_by("seq")[:limit])
    if before_seq is not None:
        messages = messages.filter(seq__lt=before_seq)
    return list(messages.order_by("-seq")[:limit])


def sent_messages(*, after: UUID | None, up_to: UUID, limit: int) -> list[SentMessage]:
    """Messages of everybody in the order of their ids, which is that of time."""
    rows = SENT.range("id", after=after, up_to=up_to, limit=limit)
    return [SentMessage(*row) for row in rows]
