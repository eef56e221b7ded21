"""What other apps may do with credits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pairly.core.db import run_atomic
from pairly.realtime.services import announce as announce_event
from payments import selectors
from payments.holds import Holds, open_holds, taken_by
from payments.ledger.accounts import (
    BONUS,
    PERSONAL_KINDS,
    PROMOTIONS,
    SALES,
    house_key,
    personal_key,
)
from payments.ledger.proofs import prove
from payments.ledger.services import account_ids, open_accounts, post
from payments.ledger.transfers import Posting
from payments.returns import return_charges
from payments.wallets import Charges, Wallet

__all__ = [
    "Charges",
    "Grant",
    "Holds",
    "Wallet",
    "grant_credits",
    "grant_many",
    "open_holds",
    "open_wallets",
    "prove",
    "return_charges",
    "taken_by",
]

HOUSE_KEYS = (house_key(SALES), house_key(PROMOTIONS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Credits given for nothing. ``operation`` is unique for ever, as in ``bonus:<user id>``."""

    owner_id: UUID
    credits: int
    operation: str
    kind: str


def open_wallets(owner_ids: Collection[UUID], now: datetime) -> None:
    """Open the accounts of new people. Does no harm to those that are open."""
    keys = [personal_key(owner_id, kind) for owner_id in owner_ids for kind in PERSONAL_KINDS]
    run_atomic(lambda: open_accounts([*HOUSE_KEYS, *keys], now))


def grant_credits(
    *,
    owner_id: UUID,
    credits: int,
    operation: str,
    kind: str,
    now: datetime,
    announce: bool = True,
) -> Wallet:
    """Give bonus credits, once for ever per operation; the wallet afterwards.

    ``announce`` tells the owner's devices (``wallet.updated``), but not of a repetition.
    """
    grant = Grant(owner_id=owner_id, credits=credits, operation=operation, kind=kind)
    return grant_many([grant], now=now, announce=announce)[0]


def grant_many(grants: Sequence[Grant], *, now: datetime, announce: bool = True) -> list[Wallet]:
    """The same for many people in one transaction; the wallets in the same order.

    Raises ``TransferConflict`` when an operation was used for something else.
    """
    return run_atomic(lambda: _grant_many(grants, now, announce))


def _grant_many(grants: Sequence[Grant], now: datetime, announce: bool) -> list[Wallet]:
    house = house_key(PROMOTIONS)
    keys = {personal_key(grant.owner_id, BONUS) for grant in grants} | {house}
    ids = account_ids(keys, now)
    postings = [
        Posting(
            id=grant.operation,
            debit=ids[house],
            credit=ids[personal_key(grant.owner_id, BONUS)],
            amount=grant.credits,
            kind=grant.kind,
            group=grant.operation,
        )
        for grant in grants
    ]
    posted = post(postings, now)
    wallets = selectors.wallets_of({grant.owner_id for grant in grants})
    if announce:
        for owner_id in {
            grant.owner_id for grant, one in zip(grants, posted, strict=True) if not one.repeated
        }:
            announce_event([owner_id], "wallet.updated", wallets[owner_id].to_dict(), now)
    return [wallets[grant.owner_id] for grant in grants]
