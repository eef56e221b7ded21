"""The ledger as staff look at it. Every read seeks in an index, so none grows with the ledger.

Transfers come by person (the indexes of their accounts), by how the operation's name begins
(the key), or in the order of the chain; a time is found among the blocks, which are sealed in
order. What is not sealed yet, a second at most, is left out of the last.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_selectors import starting_with
from pairly.audit.services import record
from pairly.core.db import run_atomic
from payments.ledger.models import Account, Block, Checkpoint, Sealed, Transfer
from payments.ledger.sealing import CHAIN
from payments.ledger.verification import Report, verify

__all__ = [
    "Chain",
    "TransferFilter",
    "chain",
    "find_accounts",
    "house_totals",
    "owner_of",
    "place_of",
    "verify_for_staff",
]

SCANNED_MAX = 20_000
CHUNK = 1000
SEALING_DELAY_MAX = timedelta(minutes=10)
"""However late the sealing was, within this the blocks of a time are looked at."""


def owner_of(text: str) -> UUID | None:
    """The person whom an e-mail address or an id in any spelling names, if it is one."""
    text = text.strip()
    if "@" in text:
        user = user_by_email(text)
        return user.pk if user else None
    try:
        return UUID(text)
    except ValueError:
        return None


def find_accounts(text: str = "", *, house_only: bool = False) -> "QuerySet[Account]":
    """By owner (id or e-mail), account id, or how the key begins; order by ``-key``,
    which puts the house first."""
    found = Account.objects.all()
    if house_only:
        found = found.filter(owner=None)
    if not text:
        return found
    owner_id = owner_of(text)
    if owner_id is not None:
        return found.filter(Q(owner_id=owner_id) | Q(pk=owner_id))
    return found.filter(starting_with("key", text.strip()))


def house_totals() -> dict[str, int]:
    """What the house accounts stand at after the newest block, by key; they keep no balance."""
    newest = Block.objects.order_by("-number").first()
    if newest is None:
        return {}
    return {key: int(total) for key, total in orjson.loads(newest.totals).items()}


@dataclass(frozen=True, kw_only=True)
class TransferFilter:
    """``operation`` is the beginning of a transfer's id, ``message:`` for a kind of them. With a
    time and no person at most ``SCANNED_MAX`` transfers of that time are looked at."""

    owner_id: UUID | None = None
    operation: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @cached_property
    def ordering(self) -> tuple[str, ...]:
        if self.owner_id is not None:
            return ("-created_at", "-id")
        return ("-id",) if self._is_by_name else ("-sequence",)

    @cached_property
    def _is_by_name(self) -> bool:
        return bool(self.operation) and self.since is None and self.until is None

    def page(self, last: Sequence[Any] | None, limit: int) -> list[Any]:
        if self.owner_id is not None:
            return self._by_owner(last, limit)
        return self._by_name(last, limit) if self._is_by_name else self._by_place(last, limit)

    def _by_owner(self, last: Sequence[Any] | None, limit: int) -> list[Transfer]:
        accounts = Account.objects.filter(owner_id=self.owner_id).values_list("pk", flat=True)
        rows = self._narrowed(Transfer.objects.all())
        if last is not None:
            at, transfer_id = last
            rows = rows.filter(created_at__lte=at).filter(
                Q(created_at__lt=at) | Q(created_at=at, id__lt=transfer_id)
            )
        found = {
            row.pk: row
            for account_id in accounts
            for side in ("debit_id", "credit_id")
            for row in rows.filter(**{side: account_id}).order_by("-created_at", "-id")[:limit]
        }
        newest = sorted(found.values(), key=lambda row: (row.created_at, row.pk), reverse=True)
        return newest[:limit]

    def _by_name(self, last: Sequence[Any] | None, limit: int) -> list[Transfer]:
        rows = self._narrowed(Transfer.objects.all())
        if last is not None:
            rows = rows.filter(pk__lt=last[0])
        return list(rows.order_by("-id")[:limit])

    def _by_place(self, last: Sequence[Any] | None, limit: int) -> list[Transfer]:
        lowest, highest = self._window
        if last is not None:
            highest = min(highest, last[0] - 1)
        found: list[Transfer] = []
        scanned = 0
        while len(found) < limit and scanned < SCANNED_MAX and highest >= lowest:
            places = Sealed.objects.filter(sequence__lte=highest, sequence__gte=lowest)
            part = list(
                places.order_by("-sequence")[: min(CHUNK, limit) if self._is_all else CHUNK]
            )
            if not part:
                break
            found += self._at(part)
            scanned += len(part)
            highest = part[-1].sequence - 1
        return found[:limit]

    @cached_property
    def _is_all(self) -> bool:
        return not (self.operation or self.since or self.until)

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
        lowest, highest = 1, newest.first_sequence + newest.count - 1
        if self.since is not None:
            first = _block_sealed_from(self.since, newest.number)
            lowest = first.first_sequence if first else highest + 1
        if self.until is not None:
            after = _block_sealed_from(self.until + SEALING_DELAY_MAX, newest.number)
            highest = after.first_sequence - 1 if after else highest
        return lowest, highest

    def _narrowed(self, rows: "QuerySet[Transfer]") -> "QuerySet[Transfer]":
        if self.operation:
            rows = rows.filter(starting_with("pk", self.operation))
        if self.since is not None:
            rows = rows.filter(created_at__gte=self.since)
        if self.until is not None:
            rows = rows.filter(created_at__lt=self.until)
        return rows.select_related("debit", "credit")


def _block_sealed_from(at: datetime, newest: int) -> Block | None:
    """The first block sealed at or after the time. Blocks are numbered as they were sealed."""
    numbers = range(1, newest + 1)

    def sealed_at(number: int) -> datetime:
        block: Block = Block.objects.only("sealed_at").get(number=number)
        moment: datetime = block.sealed_at
        return moment

    index = bisect_left(numbers, at, key=sealed_at)
    return None if index == len(numbers) else Block.objects.get(number=numbers[index])


def place_of(transfer_id: str) -> tuple[int, int] | None:
    """Sequence number and block of a transfer; None while it waits to be sealed."""
    sealed = Sealed.objects.filter(transfer_id=transfer_id).first()
    if sealed is None:
        return None
    blocks = Block.objects.filter(first_sequence__lte=sealed.sequence)
    block = blocks.order_by("-first_sequence").first()
    return sealed.sequence, block.number if block else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How far sealing and the incremental verification have come."""

    blocks: int
    transfers: int
    sealed_at: datetime | None
    head: str
    verified_block: int
    verified_at: datetime | None


def chain() -> Chain:
    newest = Block.objects.order_by("-number").first()
    verified = Checkpoint.objects.filter(pk=CHAIN).first()
    return Chain(
        blocks=newest.number if newest else 0,
        transfers=newest.first_sequence + newest.count - 1 if newest else 0,
        sealed_at=newest.sealed_at if newest else None,
        head=newest.hash if newest else "",
        verified_block=verified.block_number if verified else 0,
        verified_at=verified.verified_at if verified else None,
    )


def verify_for_staff(
    *, actor_id: UUID, now: datetime, reason: str = "", request_id: str = ""
) -> Report:
    """Verify what came since the last time; a broken ledger is no error, the report tells it."""
    report = verify(now, incremental=True)
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="ledger.verified",
            target_type="ledger",
            target_id=f"block {report.blocks}",
            reason=reason,
            after={"ok": report.ok, "transfers": report.transfers},
            request_id=request_id,
        )
    )
    return report
