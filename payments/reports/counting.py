"""What some transfers of the ledger come to, by day. Only looks up what they name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from pairly.core.table import Row, Table
from payments.intents.models import Intent
from payments.ledger.accounts import (
    DEBT,
    DISPUTES,
    FEES,
    HOUSE,
    REFUNDS,
    SALES,
    clearing_kind,
)
from payments.ledger.books import ACCOUNTS
from payments.ledger.models import Phase
from payments.ledger.transfers import TRANSFERS
from payments.operations import intent_ids

__all__ = ["FEE", "HELD", "Counted", "RevenueKey", "count"]

FEE: Final = "fee"
"""The kind of the transfers that book what a provider kept."""

HELD: Final = "held"
"""The pocket of what is set aside, from whichever account."""

COLUMNS: Final = {
    SALES: "gross_minor",
    REFUNDS: "refunds_minor",
    DISPUTES: "disputes_minor",
    FEES: "fees_minor",
}
"""What the account on the other side of a clearing account makes of the money."""

PACKAGES: Final = Table(Intent, "id", "package_id")
CLEARING: Final = clearing_kind("")


Meta = Mapping[str, str]


class RevenueKey(NamedTuple):
    day: date
    provider: str
    package: str
    currency: str


class CreditKey(NamedTuple):
    day: date
    asset: str
    pocket: str


class _Account(NamedTuple):
    owner: str
    kind: str
    asset: str


@dataclass(slots=True)
class Counted:
    """What is to be added: by revenue's columns and in people's pockets; and the movements of
    money that statements should tell of, each with its provider and time."""

    revenue: dict[RevenueKey, dict[str, int]] = field(default_factory=dict)
    credits: dict[CreditKey, int] = field(default_factory=dict)
    movements: list[tuple[str, str, datetime]] = field(default_factory=list)

    def earn(self, key: RevenueKey, column: str, amount: int) -> None:
        columns = self.revenue.setdefault(key, {})
        columns[column] = columns.get(column, 0) + amount

    def move(self, key: CreditKey, amount: int) -> None:
        self.credits[key] = self.credits.get(key, 0) + amount


def count(transfer_ids: Sequence[str]) -> Counted:
    """Everything that these transfers change. Raises ``KeyError`` for money that came to a
    provider, or went, in a way that no report knows of."""
    rows = TRANSFERS.select("id", transfer_ids)
    accounts = _accounts(rows)
    pending = _pending_amounts(rows)
    money = {row[0]: orjson.loads(row[10]) for row in rows if _is_money(row, accounts)}
    packages = _packages([row for row in rows if row[0] in money], money)
    counted = Counted()
    for row in rows:
        if row[0] in money:
            key = _revenue_key(row, accounts, packages[row[6]], money[row[0]])
            _count_money(row, accounts, key, counted)
            if row[5] != FEE:
                counted.movements.append((row[0], key.provider, row[9]))
        else:
            _count_credits(row, accounts, pending, counted)
    return counted


def _accounts(rows: Sequence[Row]) -> dict[str, _Account]:
    ids = {account for row in rows for account in row[1:3]}
    return {row[0]: _Account(*row[1].split(":")) for row in ACCOUNTS.select("id", ids)}


def _pending_amounts(rows: Sequence[Row]) -> dict[str, int]:
    """What the posts and voids among them had held, which may be more than a post takes."""
    resolved = {row[8] for row in rows if row[8]}
    return {row[0]: row[3] for row in TRANSFERS.select("id", resolved)}


def _is_money(row: Row, accounts: dict[str, _Account]) -> bool:
    return any(accounts[one].kind.startswith(CLEARING) for one in row[1:3])


def _packages(rows: Sequence[Row], metas: Mapping[str, Meta]) -> dict[str, str]:
    """By the transfer's group: as the transfer says itself, or as its purchase does."""
    told = {row[6]: metas[row[0]].get("package") for row in rows}
    purchases = intent_ids(group for group, package in told.items() if package is None)
    names: dict[UUID, str] = dict(PACKAGES.select("id", set(purchases.values())))
    asked = {group: names[intent_id] for group, intent_id in purchases.items()}
    return {group: asked.get(group, package or "") for group, package in told.items()}


def _revenue_key(row: Row, accounts: dict[str, _Account], package: str, meta: Meta) -> RevenueKey:
    """A fee says when the provider took it, which was before it was booked."""
    debit, credit = accounts[row[1]], accounts[row[2]]
    clearing = debit if debit.kind.startswith(CLEARING) else credit
    at = datetime.fromisoformat(meta["at"]) if "at" in meta else row[9]
    return RevenueKey(
        day=at.astimezone(UTC).date(),
        provider=clearing.kind.removeprefix(CLEARING),
        package=package,
        currency=clearing.asset,
    )


def _count_money(
    row: Row, accounts: dict[str, _Account], key: RevenueKey, counted: Counted
) -> None:
    debit, credit = accounts[row[1]], accounts[row[2]]
    is_in = debit.kind.startswith(CLEARING)
    column = COLUMNS[credit.kind if is_in else debit.kind]
    if column == "gross_minor":
        counted.earn(key, column, row[3] if is_in else -row[3])
        counted.earn(key, "purchases", 1 if is_in else -1)
    else:
        counted.earn(key, column, -row[3] if is_in else row[3])


def _count_credits(
    row: Row, accounts: dict[str, _Account], pending: dict[str, int], counted: Counted
) -> None:
    day, amount, asset, phase = row[9].astimezone(UTC).date(), row[3], row[4], row[7]
    if phase == Phase.PENDING:
        counted.move(CreditKey(day, asset, HELD), amount)
        return
    if phase in (Phase.POST, Phase.VOID):
        counted.move(CreditKey(day, asset, HELD), -pending[row[8]])
    if phase == Phase.VOID:
        return
    for account, gained in ((accounts[row[1]], -amount), (accounts[row[2]], amount)):
        if account.owner != HOUSE:
            # What a person owes grows by debits.
            change = -gained if account.kind == DEBT else gained
            counted.move(CreditKey(day, asset, account.kind), change)
