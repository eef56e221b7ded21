"""Finding private messages for staff. Nothing is sought in a whole table: a search begins at a
message, a conversation or a person, and looks at a bounded number of the newest rows there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from messaging.models import Message
from messaging.staff_selectors import (
    conversation_by_id,
    conversations_of,
    message_by_id,
    messages_of_conversation,
)
from pairly.core.errors import ValidationFailed

__all__ = ["RESULTS_MAX", "Found", "all_messages", "find_messages"]

LOOKED_AT_MAX = 2000
CONVERSATIONS_MAX = 50
RESULTS_MAX = 200
PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Found:
    """Newest first. ``is_cut``: there may be more, further back than was looked."""

    messages: Sequence[Message]
    is_cut: bool


def find_messages(
    *,
    message_id: UUID | None = None,
    conversation_id: UUID | None = None,
    user_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str = "",
) -> Found:
    """Messages by id; of a conversation, the newest 2,000 before ``until``; or by a person, out of
    the newest of the person's 50 conversations that moved last. ``text`` narrows these.

    Raises ``ValidationFailed`` without a place to begin, ``NotFound``.
    """
    if message_id is not None:
        return Found([message_by_id(message_id)], False)
    if conversation_id is not None:
        conversation_by_id(conversation_id)
        rows = _newest(conversation_id, until, LOOKED_AT_MAX)
        is_cut = len(rows) == LOOKED_AT_MAX
        if user_id is not None:
            rows = [row for row in rows if row.sender_id == user_id]
    elif user_id is not None:
        rows, is_cut = _by_person(user_id, until)
    else:
        sentence = "Name a person, a conversation or a message."
        raise ValidationFailed.of("user_id", "required", sentence)
    words = text.casefold()
    fitting = [
        row
        for row in rows
        if (since is None or row.created_at >= since) and words in row.text.casefold()
    ]
    return Found(fitting[:RESULTS_MAX], is_cut or len(fitting) > RESULTS_MAX)


def _by_person(user_id: UUID, until: datetime | None) -> tuple[list[Message], bool]:
    listed = conversations_of(user_id, before=None, limit=CONVERSATIONS_MAX)
    each = LOOKED_AT_MAX // CONVERSATIONS_MAX
    pages = [_newest(one.conversation.pk, until, each) for one in listed]
    rows = [row for page in pages for row in page if row.sender_id == user_id]
    is_cut = len(listed) == CONVERSATIONS_MAX or any(len(page) == each for page in pages)
    return sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True), is_cut


def _newest(conversation_id: UUID, until: datetime | None, limit: int) -> list[Message]:
    before_seq = None if until is None else _seq_at(conversation_id, until)
    return messages_of_conversation(
        conversation_id, before_seq=before_seq, after_seq=None, limit=limit
    )


def _seq_at(conversation_id: UUID, moment: datetime) -> int:
    """The number of the first message at or after the moment. Numbers have no gaps and grow with
    time, so it is found by halves: some twenty look-ups however long the conversation."""
    messages = Message.objects.filter(conversation_id=conversation_id)
    low, high = 1, conversation_by_id(conversation_id).last_seq + 1
    while low < high:
        middle = (low + high) // 2
        at = messages.values_list("created_at", flat=True).get(seq=middle)
        if at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def all_messages(conversation_id: UUID) -> Iterator[Message]:
    """Every message of a conversation, in order, a page in memory at a time."""
    after_seq = 0
    while page := messages_of_conversation(
        conversation_id, before_seq=None, after_seq=after_seq, limit=PAGE_ROWS
    ):
        yield from page
        after_seq = page[-1].seq
