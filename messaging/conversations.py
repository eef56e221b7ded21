"""Conversations in bulk: read, changed in memory, written back by compare-and-set.

``ConversationBatch`` is what the batched writes of messages and receipts share. It lives for one
transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging.models import Conversation, Folder, Hidden, pair_key
from pairly.core.errors import NotFound
from pairly.core.ids import new_id
from pairly.core.table import Table

__all__ = ["ARCHIVED", "INBOX", "NONE", "ConversationBatch", "ConversationState", "Side"]

NONE, INBOX, ARCHIVED = Folder.NONE.value, Folder.INBOX.value, Folder.ARCHIVED.value

FIXED = ("id", "pair_key", "first_id", "second_id")
PLACES = ("first_folder", "first_updated_at", "second_folder", "second_updated_at")
"""What the two indexes are made of that order people's lists; a receipt leaves it alone."""
UNMOVED = (
    *("version", "blocked", "last_seq"),
    *("first_muted", "first_last_seq", "first_last_message_id", "first_sent"),
    *("first_delivered_seq", "first_read_seq", "first_unread"),
    *("first_shown_delivered_seq", "first_shown_read_seq"),
    *("second_muted", "second_last_seq", "second_last_message_id", "second_sent"),
    *("second_delivered_seq", "second_read_seq", "second_unread"),
    *("second_shown_delivered_seq", "second_shown_read_seq"),
)
MOVED = UNMOVED + PLACES

CONVERSATIONS = Table(Conversation, *FIXED, *MOVED)


@dataclass(slots=True)
class Side:
    """Where one of the two stands. The ``shown`` watermarks are what the other was told of it."""

    muted: bool
    last_seq: int
    last_message_id: UUID | None
    sent: int
    delivered_seq: int
    read_seq: int
    unread: int
    shown_delivered_seq: int
    shown_read_seq: int
    folder: int
    updated_at: datetime

    def values(self) -> tuple[Any, ...]:
        return (
            self.muted,
            self.last_seq,
            self.last_message_id,
            self.sent,
            self.delivered_seq,
            self.read_seq,
            self.unread,
            self.shown_delivered_seq,
            self.shown_read_seq,
        )


@dataclass(slots=True)
class ConversationState:
    """One row in memory."""

    id: UUID
    pair_key: str
    first_id: UUID
    second_id: UUID
    version: int
    blocked: bool
    last_seq: int
    first: Side
    second: Side
    read_version: int | None
    """The version in the database; None for a row that is not there yet."""
    read_places: tuple[Any, ...]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "ConversationState":
        make: Any = cls  # A row is longer than types can count.
        side: Any = Side
        first, second = side(*row[7:16], *row[25:27]), side(*row[16:25], *row[27:])
        state: ConversationState = make(*row[:7], first, second, row[4], row[25:])
        return state

    @classmethod
    def between(cls, user_id: UUID, other_id: UUID, now: datetime) -> "ConversationState":
        """A new conversation, in nobody's list yet."""
        first_id, second_id = sorted((user_id, other_id), key=lambda u: u.hex)
        first, second = [Side(False, 0, None, 0, 0, 0, 0, 0, 0, NONE, now) for _ in range(2)]
        key = pair_key(first_id, second_id)
        return cls(new_id(), key, first_id, second_id, 0, False, 0, first, second, None, ())

    def peer_of(self, user_id: UUID) -> UUID:
        return self.second_id if user_id == self.first_id else self.first_id

    def side_of(self, user_id: UUID) -> Side:
        return self.first if user_id == self.first_id else self.second

    def sides_of(self, user_id: UUID) -> tuple[Side, Side]:
        """The person's own side and the other's."""
        if user_id == self.first_id:
            return self.first, self.second
        return self.second, self.first

    def flag_of(self, user_id: UUID) -> int:
        """The one of ``Hidden`` that hides a message from this person."""
        return Hidden.FIRST if user_id == self.first_id else Hidden.SECOND

    def lists_for(self, user_id: UUID) -> bool:
        """Whether it is in a list of this person's, so that they know of it."""
        if user_id == self.first_id:
            return self.first.folder != NONE
        return user_id == self.second_id and self.second.folder != NONE

    @property
    def is_unlisted(self) -> bool:
        """Whether one of the two, or both, never heard of it."""
        return self.first.folder == NONE or self.second.folder == NONE

    def unmoved_values(self) -> tuple[Any, ...]:
        head = (self.version, self.blocked, self.last_seq)
        return head + self.first.values() + self.second.values()

    def places(self) -> tuple[Any, ...]:
        a, b = self.first, self.second
        return a.folder, a.updated_at, b.folder, b.updated_at


class ConversationBatch:
    """The conversations that one transaction works on. Change a state, then ``touch`` it."""

    def __init__(
        self, *, ids: Collection[UUID] = (), pairs: Collection[tuple[UUID, UUID]] = ()
    ) -> None:
        rows = CONVERSATIONS.select("id", ids)
        if pairs:
            rows += CONVERSATIONS.select("pair_key", {pair_key(*pair) for pair in pairs})
        self._by_id: dict[UUID, ConversationState] = {}
        self._by_pair: dict[str, ConversationState] = {}
        self._touched: dict[UUID, ConversationState] = {}
        for row in rows:
            if row[0] not in self._by_id:
                self._add(ConversationState.from_row(row))

    @property
    def people(self) -> set[UUID]:
        """Everybody who takes part in one of the conversations read so far."""
        return {u for state in self._by_id.values() for u in (state.first_id, state.second_id)}

    def _add(self, state: ConversationState) -> None:
        self._by_id[state.id] = state
        self._by_pair[state.pair_key] = state

    def find(self, conversation_id: UUID) -> ConversationState | None:
        """Whoever may see it."""
        return self._by_id.get(conversation_id)

    def get_for(self, user_id: UUID, conversation_id: UUID) -> ConversationState:
        """Raises ``NotFound`` for what is absent, for what nobody opened for this person, and
        for what belongs to others alike."""
        state = self._by_id.get(conversation_id)
        if state is not None and state.lists_for(user_id):
            return state
        raise NotFound("There is no such conversation.")

    def between(self, user_id: UUID, other_id: UUID) -> ConversationState | None:
        return self._by_pair.get(pair_key(user_id, other_id))

    def create(self, user_id: UUID, other_id: UUID, now: datetime) -> ConversationState:
        """A new conversation, in memory only until it is touched and written."""
        state = ConversationState.between(user_id, other_id, now)
        self._add(state)
        return state

    def touch(self, state: ConversationState) -> None:
        """Note that the state changed."""
        self._touched[state.id] = state

    def write(self) -> None:
        """Insert what is new and update what changed, each only if still as it was read."""
        new, moved, unmoved = [], [], []
        for state in self._touched.values():
            state.version += 1
            values, places = state.unmoved_values(), state.places()
            if state.read_version is None:
                fixed = (state.id, state.pair_key, state.first_id, state.second_id)
                new.append(fixed + values + places)
            elif places != state.read_places:
                moved.append((state.id, state.read_version, *values, *places))
            else:
                unmoved.append((state.id, state.read_version, *values))
        CONVERSATIONS.insert(new)
        for columns, rows in ((MOVED, moved), (UNMOVED, unmoved)):
            CONVERSATIONS.compare_and_set("id", expected=("version",), new=columns, rows=rows)
