"""The ledger as staff look at it: accounts, one transfer, the chain. Searches are in ``search``."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from pairly.accounts.selectors import user_by_email
from pairly.accounts.staff_selectors import starting_with
from pairly.audit.services import record
from pairly.core.db import run_atomic
from pairly.core.errors import NotFound
from payments.ledger.models import Account, Block, Checkpoint, Sealed, Transfer
from payments.ledger.sealing import CHAIN
from payments.ledger.search import Search
from payments.ledger.verification import Report, verify

__all__ = [
    "Chain",
    "Detail",
    "chain",
    "detail_of",
    "ends_of",
    "find_accounts",
    "house_totals",
    "owner_of",
    "place_of",
    "verify_for_staff",
]

OTHERS_MAX = 50


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A transfer and what belongs to it: its place (none while it waits to be sealed), the hold
    that it ends, what ended it, and the other transfers of its group."""

    transfer: Transfer
    sequence: int | None
    block: int | None
    resolves: Transfer | None
    resolved_by: Transfer | None
    others: list[Transfer]


def detail_of(transfer_id: str) -> Detail:
    """Raises ``NotFound``."""
    transfer = _transfers().filter(pk=transfer_id).first()
    if transfer is None:
        raise NotFound
    sequence, block = place_of(transfer_id) or (None, None)
    group = Search(group=transfer.group).page(None, OTHERS_MAX + 1)
    hold = _transfers().filter(pk=transfer.resolves).first() if transfer.resolves else None
    return Detail(
        transfer=transfer,
        sequence=sequence,
        block=block,
        resolves=hold,
        resolved_by=ends_of(transfer_id).first(),
        others=[one for one in group if one.pk != transfer_id][:OTHERS_MAX],
    )


def ends_of(hold_id: str) -> "QuerySet[Transfer]":
    """The post or void of a hold. The second condition is the index's."""
    return _transfers().filter(resolves=hold_id, resolves__gt="")


def _transfers() -> "QuerySet[Transfer]":
    return Transfer.objects.select_related("debit", "credit")


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
