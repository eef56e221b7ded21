"""The names of operations in the ledger that move money, and the purchases they belong to."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from pairly.core.table import Table
from payments.disputes.models import Dispute
from payments.refunds.models import Refund

__all__ = ["DISPUTE", "PURCHASE", "REFUND", "intent_ids"]

PURCHASE, REFUND, DISPUTE = "purchase", "refund", "dispute"
"""With which the names begin; the id of what it is about follows."""

REVERSALS: Final = {
    REFUND: Table(Refund, "id", "intent_id"),
    DISPUTE: Table(Dispute, "id", "intent_id"),
}


def intent_ids(operations: Iterable[str]) -> dict[str, UUID]:
    """The purchases that operations belong to, by their names; a query for each kind."""
    ids: dict[str, dict[UUID, str]] = {PURCHASE: {}, REFUND: {}, DISPUTE: {}}
    for operation in operations:
        kind, _, name = operation.partition(":")
        if kind in ids:
            ids[kind][UUID(name)] = operation
    found = {name: intent_id for intent_id, name in ids[PURCHASE].items()}
    for kind, table in REVERSALS.items():
        names = ids[kind]
        found |= {names[row_id]: intent_id for row_id, intent_id in table.select("id", names)}
    return found
