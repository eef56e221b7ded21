"""Conversations in bulk: read, changed in memory, written back by compare-and-set.

``ConversationBatch`` is what the batched writes of messages and receipts share. It lives for one
transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging.models import Conversation, pair_key
from pairly.core.errors import NotFound
from pairly.core.ids import new_id
from pairly.core.table import Table

__all__ = ["ConversationBatch", "ConversationState", "Side"]

FIXED = ("id", "pair_key", "first_id", "second_id")
MUTABLE = (
    "version",
    "blocked",
    "opened_at",
    "last_seq",
    "last_message_id",
    "first_delivered_seq",
    "first_read_seq",
    "first_shown_read_seq",
    "first_unread",
    "second_delivered_seq",
    "second_read_seq",
    "second_shown_read_seq",
    "second_unread",
    "updated_at",
)
UNMOVED = MUTABLE[:-1]
"""A receipt leaves ``updated_at`` alone, and so the two indexes that order people's lists."""

CONVERSATIONS = Table(Conversation, *FIXED, *MUTABLE)


@dataclass(slots=True)
class Side:
    """Where one of the two stands. ``shown_read_seq`` is what the other may see of it."""

    delivered_seq: int = 0
    read_seq: int = 0
    shown_read_seq: int = 0
    unread: int = 0


@dataclass(slots=True)
class ConversationState:
    """One row in memory."""

    id: UUID
    pair_key: str
    first_id: UUID
    second_id: UUID
    version: int
    blocked: bool
    opened_at: datetime | None
    last_seq: int
    last_message_id: UUID | None
    first: Side
    second: Side
    updated_at: datetime
    read_version: int | None
    """The version in the database; None for a row that is not there yet."""
    read_updated_at: datetime

    def peer_of(self, user_id: UUID) -> UUID:
        return self.second_id if user_id == self.first_id else self.first_id

    def side_of(self, user_id: UUID) -> Side:
        return self.first if user_id == self.first_id else self.second

    def has(self, user_id: UUID) -> bool:
        return user_id in (self.first_id, self.second_id)

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "ConversationState":
        make: Any = cls  # A row is longer than types can count.
        sides = (Side(*row[9:13]), Side(*row[13:17]))
        state: ConversationState = make(*row[:9], *sides, row[17], row[4], row[17])
        return state

    @classmethod
    def between(cls, user_id: UUID, other_id: UUID, now: datetime) -> "ConversationState":
        """A new conversation; nobody has opened it yet."""
        first_id, second_id = sorted((user_id, other_id), key=lambda u: u.hex)
        key = pair_key(first_id, second_id)
        return cls(
            id=new_id(),
            pair_key=key,
            first_id=first_id,
            second_id=second_id,
            version=0,
            blocked=False,
            opened_at=None,
            last_seq=0,
            last_message_id=None,
            first=Side(),
            second=Side(),
            updated_at=now,
            read_version=None,
            read_updated_at=now,
        )

    def mutable_values(self) -> tuple[Any, ...]:
        a, b = self.first, self.second
        return (
            self.version,
            self.blocked,
            self.opened_at,
            self.last_seq,
            self.last_message_id,
            a.delivered_seq,
            a.read_seq,
            a.shown_read_seq,
            a.unread,
            b.delivered_seq,
            b.read_seq,
            b.shown_read_seq,
            b.unread,
            self.updated_at,
        )


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

    def get_for(self, user_id: UUID, conversation_id: UUID) -> ConversationState:
        """Raises ``NotFound`` for what is absent and for what belongs to others alike."""
        state = self._by_id.get(conversation_id)
        if state is None or not state.has(user_id):
            raise NotFound("There is no such conversation.")
        return state

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
            values = state.mutable_values()
            if state.read_version is None:
                new.append((state.id, state.pair_key, state.first_id, state.second_id, *values))
            elif state.updated_at != state.read_updated_at:
                moved.append((state.id, state.read_version, *values))
            else:
                unmoved.append((state.id, state.read_version, *values[:-1]))
        CONVERSATIONS.insert(new)
        for columns, rows in ((MUTABLE, moved), (UNMOVED, unmoved)):
            CONVERSATIONS.compare_and_set("id", expected=("version",), new=columns, rows=rows)
