"""What every store of presence does. The in-process one and the one in Redis are siblings.

All methods may be called from any thread and for many people at once; one call is one round trip.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from presence.status import State, Status, Visit

__all__ = ["Settled", "Store"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a look at a person came to: announced as ``told``, to be looked at again at
    ``look_at``, the visits that are over taken away. Counts only while the version is this."""

    user_id: UUID
    version: str
    told: Status
    look_at: int | None
    over: Sequence[str] = ()


class Store(Protocol):
    lease_milliseconds: int
    """For how long a process may be silent before its sockets count as gone."""

    def touch(
        self, visits: Sequence[tuple[UUID, Visit]], *, look_at: int | None = None
    ) -> set[UUID]:
        """Write these visits of people. With ``look_at`` each is looked at again by then at the
        latest, even if whoever writes this dies before looking.

        Those whom somebody may have found otherwise than was told: a look at them was due by then,
        or the visit was not known, maybe no more.
        """

    def read(self, user_ids: Collection[UUID]) -> dict[UUID, State]:
        """What is known, also of those of whom it is nothing."""

    def settle(self, looks: Sequence[Settled]) -> list[UUID]:
        """Write what looks came to, but for those that are stale; whom they were at."""

    def due(self, now: int, limit: int) -> list[UUID]:
        """Who is to be looked at, longest overdue first."""

    def counts(self) -> dict[Status, int]:
        """How many people have each status but offline."""

    def people(self, status: Status, *, offset: int, limit: int) -> list[UUID]:
        """Who has that status, by how recently it was announced."""

    def end(self, now: int) -> None:
        """This process ends: visits that are known to nobody else are over, and due."""

    def has_forgotten(self) -> bool:
        """Whether what it knew was lost since this process last asked."""
