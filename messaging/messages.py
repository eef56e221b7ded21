"""Messages in bulk: rows and their wire shape, and those that a transaction changes.

``MessageBatch`` is what the batched edits and deletions share. It lives for one transaction, and
whoever changes a message changes its conversation too, whose row guards both.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from messaging.attachments.schemas import AttachmentView
from messaging.conversations import ConversationBatch, ConversationState
from messaging.models import Hidden, Message
from messaging.schemas import MessageView
from pairly.core import clock
from pairly.core.errors import NotFound
from pairly.core.table import Table

__all__ = ["COLUMNS", "MESSAGES", "NO_ATTACHMENTS", "MessageBatch", "MessageState", "message_view"]

CHANGING = ("text", "attachments", "edited_at", "deleted_at", "hidden")
COLUMNS = (
    *("id", "conversation_id", "seq", "sender_id", "client_key", "request_hash", "kind"),
    *("reply_to_id", "price", "created_at", *CHANGING),
)
MESSAGES = Table(Message, *COLUMNS)
NO_ATTACHMENTS = "[]"

_decode_attachments = msgspec.json.Decoder(list[AttachmentView]).decode


def message_view(row: tuple[Any, ...], created_at: str) -> MessageView:
    """The wire shape of a row of ``COLUMNS``."""
    edited_at, deleted_at = row[12], row[13]
    return MessageView(
        id=row[0],
        conversation_id=row[1],
        seq=row[2],
        sender_id=row[3],
        client_id=row[4][32:],
        kind=row[6],
        text=row[10],
        attachments=[] if row[11] == NO_ATTACHMENTS else _decode_attachments(row[11]),
        reply_to_id=row[7],
        price=row[8],
        created_at=created_at,
        edited_at=clock.to_rfc3339(edited_at) if edited_at else None,
        deleted_at=clock.to_rfc3339(deleted_at) if deleted_at else None,
    )


@dataclass(slots=True)
class MessageState:
    """One row in memory."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    client_key: str
    request_hash: str
    kind: str
    reply_to_id: UUID | None
    price: int
    created_at: datetime
    text: str
    attachments: str
    edited_at: datetime | None
    deleted_at: datetime | None
    hidden: int

    def view(self) -> MessageView:
        return message_view(self._row(), clock.to_rfc3339(self.created_at))

    def _row(self) -> tuple[Any, ...]:
        fixed = (self.id, self.conversation_id, self.seq, self.sender_id, self.client_key)
        more = (self.request_hash, self.kind, self.reply_to_id, self.price, self.created_at)
        return fixed + more + self.changing_values()

    def changing_values(self) -> tuple[Any, ...]:
        return self.text, self.attachments, self.edited_at, self.deleted_at, self.hidden

    @property
    def is_erased(self) -> bool:
        """Whether staff emptied it for ever; who deletes a message leaves the time of it."""
        return not self.text and self.attachments == NO_ATTACHMENTS and self.deleted_at is None

    def shows_to(self, flag: int) -> bool:
        """Whether it is there for a side, told by its flag of ``Hidden``."""
        return not self.hidden & (flag | Hidden.STAFF)


class MessageBatch:
    """The messages that one transaction changes, and their conversations."""

    def __init__(self, message_ids: Collection[UUID]) -> None:
        make: Any = MessageState
        self._by_id: dict[UUID, MessageState] = {
            row[0]: make(*row) for row in MESSAGES.select("id", message_ids)
        }
        self.conversations = ConversationBatch(
            ids={message.conversation_id for message in self._by_id.values()}
        )
        self._touched: dict[UUID, MessageState] = {}

    def find(self, message_id: UUID) -> tuple[MessageState, ConversationState]:
        """Whatever its state. Raises ``NotFound``."""
        message = self._by_id.get(message_id)
        if message is None:
            raise NotFound("There is no such message.")
        conversation = self.conversations.find(message.conversation_id)
        assert conversation is not None
        return message, conversation

    def find_for(self, user_id: UUID, message_id: UUID) -> tuple[MessageState, ConversationState]:
        """One that this person wrote or was sent and did not delete for themselves. Raises
        ``NotFound`` for all others alike."""
        message, conversation = self.find(message_id)
        if not conversation.lists_for(user_id) or not message.shows_to(
            conversation.flag_of(user_id)
        ):
            raise NotFound("There is no such message.")
        return message, conversation

    def newest_below(self, message: MessageState, flag: int) -> MessageState | None:
        """The message that one side sees before this one, the changes made here included."""
        changed = [
            m for m in self._touched.values() if m.conversation_id == message.conversation_id
        ]
        below = Message.objects.filter(
            conversation_id=message.conversation_id,
            seq__lt=message.seq,
            hidden__in=Hidden.visible_to(flag),
        )
        make: Any = MessageState
        for row in below.order_by("-seq").values_list(*COLUMNS)[: len(changed) + 1]:
            state: MessageState = self._by_id.get(row[0]) or make(*row)
            if state.shows_to(flag):
                return state
        return None

    def touch(self, message: MessageState, conversation: ConversationState) -> None:
        """Note that the message changed, and with it the conversation that guards it."""
        self._touched[message.id] = message
        self.conversations.touch(conversation)

    def write(self) -> None:
        self.conversations.write()
        rows = [(message.id, *message.changing_values()) for message in self._touched.values()]
        MESSAGES.compare_and_set("id", expected=(), new=CHANGING, rows=rows)
