"""What may be read of credits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import QuerySet

from pairly.core.ids import first_id_at
from payments.disputes.models import Dispute
from payments.disputes.selectors import open_disputes
from payments.intents.models import Intent, Observed
from payments.intents.states import PAID as PAID_STATUSES
from payments.ledger.accounts import (
    BONUS,
    DEBT,
    ISSUED,
    PAID,
    PERSONAL_KINDS,
    PROMOTIONS,
    SALES,
    house_key,
    personal_key,
)
from payments.ledger.books import ACCOUNTS, AccountState
from payments.ledger.history import ORDERING, Transaction, transactions_of
from payments.ledger.proofs import HeadView, ledger_head
from payments.ledger.sealing import BLOCKS, header_of
from payments.ledger.transfers import TRANSFERS
from payments.refunds.models import Refund
from payments.refunds.selectors import unsettled_refunds
from payments.wallets import Wallet, wallet_of_states
from payments.webhooks.models import Webhook

__all__ = [
    "ORDERING",
    "HeadView",
    "LedgerStatus",
    "NamedTransfer",
    "Transaction",
    "ledger_head",
    "dead_webhooks",
    "disputes_by_id",
    "intents_by_id",
    "ledger_status",
    "pockets_of",
    "open_disputes",
    "paid_credits_free",
    "paid_since",
    "refunds_by_id",
    "set_aside_since",
    "transactions_of",
    "transfers_named",
    "unsettled_refunds",
    "wallet_of",
    "wallets_of",
]

NAMED_MAX = 5000


def paid_since(moment: datetime) -> "QuerySet[Intent]":
    """Intents that were begun at that time or later and are paid."""
    return Intent.objects.filter(status__in=PAID_STATUSES, pk__gte=first_id_at(moment))


def intents_by_id(intent_ids: Collection[UUID]) -> dict[UUID, Intent]:
    return Intent.objects.in_bulk(list(intent_ids))


def refunds_by_id(refund_ids: Collection[UUID]) -> dict[UUID, Refund]:
    """With their purchases."""
    return Refund.objects.select_related("intent").in_bulk(list(refund_ids))


def disputes_by_id(dispute_ids: Collection[UUID]) -> dict[UUID, Dispute]:
    """With their purchases."""
    return Dispute.objects.select_related("intent").in_bulk(list(dispute_ids))


def set_aside_since(moment: datetime) -> "QuerySet[Observed]":
    """What providers said and was not believed."""
    return Observed.objects.filter(verdict=Observed.Verdict.SET_ASIDE, pk__gte=first_id_at(moment))


def dead_webhooks() -> "QuerySet[Webhook]":
    """Events that nothing will be made of unless somebody looks."""
    return Webhook.objects.filter(state=Webhook.State.DEAD)


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """How far the chain has come and what the credits came to by then, read from one block.

    ``sold``, ``spent`` and ``given`` are credits: bought with money, spent, and gifts of ours.
    """

    blocks: int
    transfers: int
    sealed_at: datetime | None
    sold: int
    spent: int
    given: int


def ledger_status() -> LedgerStatus:
    newest = BLOCKS.range("number", limit=1, descending=True)
    if not newest:
        return LedgerStatus(0, 0, None, 0, 0, 0)
    header, sealed_at = header_of(newest[0]), newest[0][6]
    stands: dict[str, int] = {name: int(sum_) for name, sum_ in orjson.loads(header.totals).items()}
    return LedgerStatus(
        blocks=header.number,
        transfers=header.last_sequence,
        sealed_at=sealed_at,
        sold=-stands.get(house_key(ISSUED), 0),
        spent=stands.get(house_key(SALES), 0),
        given=-stands.get(house_key(PROMOTIONS), 0),
    )


def pockets_of(user_id: UUID) -> dict[str, int]:
    """What stands on each of a person's accounts, by kind: paid and bonus apart."""
    keys = [personal_key(user_id, kind) for kind in PERSONAL_KINDS]
    balances = {row[1]: row[2] for row in ACCOUNTS.select("key", keys)}
    return dict(zip(PERSONAL_KINDS, (balances.get(key, 0) for key in keys), strict=True))


def paid_credits_free(user_id: UUID) -> int:
    """Those that nothing holds, whether they may be spent or not."""
    rows = ACCOUNTS.select("key", [personal_key(user_id, PAID)])
    return AccountState(rows[0]).available if rows else 0


def wallet_of(user_id: UUID) -> Wallet:
    return wallets_of([user_id])[user_id]


def wallets_of(user_ids: Collection[UUID]) -> dict[UUID, Wallet]:
    """Everybody's wallet in one query; an empty one for who has no accounts."""
    keys = [personal_key(user, kind) for user in user_ids for kind in (BONUS, PAID, DEBT)]
    states = {row[1]: AccountState(row) for row in ACCOUNTS.select("key", keys)}
    wallets = {}
    for user in user_ids:
        spendable = [personal_key(user, kind) for kind in (BONUS, PAID)]
        debt = states.get(personal_key(user, DEBT))
        wallets[user] = wallet_of_states(
            [states[key] for key in spendable if key in states], debt.balance if debt else 0
        )
    return wallets


@dataclass(frozen=True, slots=True)
class NamedTransfer:
    """A transfer by its name, as far as it concerns who made the operation."""

    id: str
    kind: str
    phase: str
    credits: int
    at: datetime


def transfers_named(prefix: str, limit: int = NAMED_MAX) -> list[NamedTransfer]:
    """Those whose names begin so and go on, oldest first: all that was done under one name."""
    rows = TRANSFERS.range("id", after=prefix, up_to=f"{prefix}\uffff", limit=limit)
    found = [NamedTransfer(row[0], row[5], row[7], row[3], row[9]) for row in rows]
    return sorted(found, key=lambda one: (one.at, one.id))
