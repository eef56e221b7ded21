"""Finding transfers. Every read seeks in an index, so none grows with the ledger.

They come by person (the indexes of their accounts), by how the operation's name begins or by
group (the key: a transfer's id begins with its group), by kind, or in the order of the chain,
which is that of time but for the moments between a beginning and its commit. What is not sealed
yet, a second at most, is left out of the last two.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from pairly.accounts.staff_selectors import starting_with
from payments.ledger.history import newest_first
from payments.ledger.models import Account, Block, Sealed, Transfer

__all__ = ["KINDS_MAX", "SCANNED_MAX", "Search", "kinds_of_transfers", "places_of"]

SCANNED_MAX = 20_000
CHUNK = 1000
KINDS_MAX = 100
COMMIT_DELAY_MAX = timedelta(seconds=5)
"""How long a transfer may have waited for its commit, and others have gone before it."""

SAME_TIME = timedelta(milliseconds=1)
"""Others of the same moment may not have been looked at, so it is looked at again."""

Last = Sequence[Any] | None


@dataclass(kw_only=True)
class Search:
    """``operation`` is the beginning of a transfer's id, ``message:`` for a sort of them.

    Where no index leads to all that is asked for (a person and a kind, or an operation and a
    time), at most ``SCANNED_MAX`` transfers are looked at for a page; ``cut_at`` is then the time
    that was reached, for whoever wants to look further back.
    """

    owner_id: UUID | None = None
    operation: str = ""
    kind: str = ""
    group: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cut_at: datetime | None = field(default=None, init=False)

    @cached_property
    def ordering(self) -> tuple[str, ...]:
        if self._is_by_name:
            return ("-id",)
        return ("-created_at", "-id") if self.owner_id is not None else ("-sequence",)

    @cached_property
    def _is_by_name(self) -> bool:
        timed = self.since is not None or self.until is not None
        alone = self.owner_id is None and not self.kind and not timed
        return bool(self.group) or (bool(self.operation) and alone)

    def page(self, last: Last, limit: int) -> list[Any]:
        """At most so many transfers behind the last one, by ``ordering``. Those in the order of
        the chain carry their ``sequence``."""
        if self._is_by_name:
            return self._by_name(last, limit)
        if self.owner_id is not None:
            return self._by_owner(last, limit)
        return self._by_place(last, limit)

    def in_order(self) -> Iterator[Any]:
        """All that are sealed by now, the oldest first, some at a time; for exports by time and
        kind."""
        after, highest = self._window[0] - 1, self._window[1]
        while part := list(places_of(self.kind, after + 1, highest).reverse()[:CHUNK]):
            yield from self._at(part)
            after = part[-1].sequence

    # By name

    def _by_name(self, last: Last, limit: int) -> list[Transfer]:
        rows = self._narrowed(Transfer.objects.filter(starting_with("pk", self._start)))
        if self.group:
            rows = rows.filter(group=self.group)
        if self.owner_id is not None:
            own = self._own_accounts
            rows = rows.filter(Q(debit_id__in=own) | Q(credit_id__in=own))
        if last is not None:
            rows = rows.filter(pk__lt=last[0])
        return list(rows.order_by("-id")[:limit])

    @cached_property
    def _start(self) -> str:
        return max(self.group, self.operation, key=len)

    # By person

    def _by_owner(self, last: Last, limit: int) -> list[Transfer]:
        found: list[Transfer] = []
        scanned = 0
        chunk = CHUNK if self.kind or self.operation else limit
        while len(found) < limit:
            part = self._of_owner(last, chunk)
            found += [row for row in part if self._fits(row)]
            scanned += len(part)
            if len(part) < chunk:
                break
            last = (part[-1].created_at, part[-1].pk)
            if scanned >= SCANNED_MAX and len(found) < limit:
                self.cut_at = part[-1].created_at + SAME_TIME
                break
        return found[:limit]

    def _of_owner(self, last: Last, limit: int) -> list[Transfer]:
        behind = None if last is None else (last[0], last[1])
        found = {
            row.pk: row
            for account_id in self._own_accounts
            for side in ("debit", "credit")
            for row in newest_first(
                account_id, side, behind, self.since, self.until
            ).select_related("debit", "credit")[:limit]
        }
        newest = sorted(found.values(), key=lambda row: (row.created_at, row.pk), reverse=True)
        return newest[:limit]

    @cached_property
    def _own_accounts(self) -> list[Any]:
        accounts = Account.objects.filter(owner_id=self.owner_id)
        return list(accounts.values_list("pk", flat=True))

    def _fits(self, row: Transfer) -> bool:
        return row.pk.startswith(self.operation) and self.kind in ("", row.kind)

    # In the order of the chain

    def _by_place(self, last: Last, limit: int) -> list[Transfer]:
        lowest, highest = self._window
        if last is not None:
            highest = min(highest, last[0] - 1)
        found: list[Transfer] = []
        scanned = 0
        chunk = CHUNK if self.operation else min(CHUNK, limit)
        while len(found) < limit and highest >= lowest:
            part = list(places_of(self.kind, lowest, highest)[:chunk])
            if not part:
                break
            found += self._at(part)
            scanned += len(part)
            highest = part[-1].sequence - 1
            if scanned >= SCANNED_MAX and len(found) < limit:
                reached = Transfer.objects.get(pk=part[-1].transfer_id).created_at
                self.cut_at = reached + SAME_TIME
                break
        return found[:limit]

    def _at(self, places: Sequence[Sealed]) -> list[Transfer]:
        wanted = [p.transfer_id for p in places if p.transfer_id.startswith(self.operation)]
        rows = self._narrowed(Transfer.objects.filter(pk__in=wanted)).in_bulk()
        found = []
        for place in places:
            row: Any = rows.get(place.transfer_id)
            if row is not None:
                row.sequence = place.sequence
                found.append(row)
        return found

    @cached_property
    def _window(self) -> tuple[int, int]:
        """The sequence numbers among which the time lies."""
        newest = Block.objects.order_by("-number").first()
        if newest is None:
            return 1, 0
        last = newest.first_sequence + newest.count - 1
        lowest, highest = 1, last
        if self.since is not None:
            lowest = _first_place_from(self.since - COMMIT_DELAY_MAX, last)
        if self.until is not None:
            highest = _first_place_from(self.until + COMMIT_DELAY_MAX, last) - 1
        return lowest, highest

    def _narrowed(self, rows: "QuerySet[Transfer]") -> "QuerySet[Transfer]":
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.since is not None:
            rows = rows.filter(created_at__gte=self.since)
        if self.until is not None:
            rows = rows.filter(created_at__lt=self.until)
        return rows.select_related("debit", "credit")


def places_of(kind: str, lowest: int, highest: int) -> "QuerySet[Sealed]":
    """Places in the chain, of one kind or all, the last first."""
    places = Sealed.objects.filter(sequence__gte=lowest, sequence__lte=highest)
    if kind:
        places = places.filter(kind=kind)
    return places.order_by("-sequence")


def kinds_of_transfers() -> list[str]:
    """Every kind that has been sealed: one step of the index for each, not a read of it."""
    found: list[str] = []
    while len(found) < KINDS_MAX:
        beyond = Sealed.objects.filter(kind__gt=found[-1] if found else "").order_by("kind")
        following = beyond.values_list("kind", flat=True).first()
        if following is None:
            break
        found.append(following)
    return found


def _first_place_from(at: datetime, last: int) -> int:
    """The first place of what was made at the time or later; one beyond the last if none was."""

    def made_at(sequence: int) -> datetime:
        place = Sealed.objects.get(pk=sequence)
        moment: datetime = Transfer.objects.only("created_at").get(pk=place.transfer_id).created_at
        return moment

    return 1 + bisect_left(range(1, last + 1), at, key=made_at)
