"""People with credits, and what tests ask the ledger."""

from datetime import date
from typing import Any
from uuid import UUID

from pairly.accounts.services.people import NewUser, create_users
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from payments.ledger.accounts import PROMOTIONS, SALES, house_key, personal_key
from payments.ledger.services import account_ids
from payments.ledger.transfers import Posting
from payments.ledger.verification import Report, verify
from payments.services import Charges, Grant, Wallet, grant_many

__all__ = ["Pockets", "charge", "good", "make_people", "posting", "report"]


def make_people(count: int, credits: int = 0) -> list[UUID]:
    """People who start with exactly these credits."""
    now = clock.now()
    people = [
        NewUser(
            email=f"{new_id().hex}@pairly.test",
            password_hash="",
            display_name="Someone",
            birth_date=date(1990, 1, 1),
        )
        for _ in range(count)
    ]
    ids = [user.pk for user in create_users(people=people, bonus=False, now=now)]
    if credits:
        grants = [
            Grant(owner_id=owner_id, credits=credits, operation=f"grant:{owner_id}", kind="grant")
            for owner_id in ids
        ]
        grant_many(grants, now=now, announce=False)
    return ids


def charge(payer_id: UUID, payee_id: UUID, credits: int, operation: str) -> Wallet:
    """One charge in a transaction of its own."""

    def run() -> Wallet:
        charges = Charges([payer_id], clock.now())
        wallet = charges.charge(
            payer_id=payer_id,
            payee_id=payee_id,
            credits=credits,
            operation=operation,
            kind="message",
            meta={"message_id": operation},
        )
        charges.write()
        return wallet

    return run_atomic(run)


class Pockets:
    """Account ids by short names: ``ava.paid``, ``house.sales``."""

    def __init__(self, asset: str = "CREDIT", **people: UUID) -> None:
        self._keys = {
            f"{name}.{kind}": personal_key(owner, kind, asset)
            for name, owner in people.items()
            for kind in ("paid", "bonus", "earnings", "debt")
        }
        self._keys["house.sales"] = house_key(SALES, asset)
        self._keys["house.promotions"] = house_key(PROMOTIONS, asset)
        self._ids = account_ids(list(self._keys.values()), clock.now())

    def __getitem__(self, name: str) -> str:
        return self._ids[self._keys[name]]

    def key(self, name: str) -> str:
        return self._keys[name]


def posting(id: str, debit: str, credit: str, amount: int, **values: Any) -> Posting:
    return Posting(id, debit, credit, amount, "test", values.pop("group", id), **values)


def report(*, incremental: bool = False) -> Report:
    return verify(clock.now(), incremental=incremental)


def good() -> bool:
    """Whether the ledger verifies, whole and incrementally; says what is wrong if not."""
    for told in (report(), report(incremental=True)):
        assert told.ok, told
    return True
