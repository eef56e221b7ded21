"""What of ours the lines of a statement name: by our id, where the provider gave it back, then by
the provider's. Lines and transfers meet under the name of the operation in the ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pairly.core.table import Row, Table
from payments.gateways.base import LineKind, StatementLine
from payments.intents.models import Intent
from payments.intents.purchases import MONEY_LEG, operation_of
from payments.ledger.transfers import TRANSFERS
from payments.reconciliation.judging import Line

__all__ = ["fee_id", "intent_ids", "match"]

PURCHASE: Final = "purchase"
INTENTS: Final = Table(Intent, "id", "provider", "provider_ref", "package_id")


def match(
    provider: str, lines: Sequence[StatementLine], since: datetime, until: datetime
) -> list[Line]:
    """In the same order; a few queries, however many there are."""
    intents = _Intents(provider, lines)
    fees = {row[0]: row[3] for row in TRANSFERS.select("id", [fee_id(line) for line in lines])}
    return [
        Line(
            line=line,
            in_window=since <= line.at < until,
            fee_booked_minor=fees.get(fee_id(line)),
            **_named(line, intents.of(line)),
        )
        for line in lines
    ]


def fee_id(line: StatementLine) -> str:
    """The id of the transfer of a line's fee, unique for ever."""
    return f"fee:{line.provider}:{line.line_ref}"


def intent_ids(operations: Iterable[str]) -> dict[str, UUID]:
    """The purchases that operations in the ledger belong to, by their names."""
    prefix = f"{PURCHASE}:"
    return {one: UUID(one.removeprefix(prefix)) for one in operations if one.startswith(prefix)}


def _named(line: StatementLine, intent: Row | None) -> dict[str, Any]:
    if intent is None:
        return {}
    intent_id, _provider, _ref, package = intent
    operation = operation_of(intent_id)
    return {
        "operation": operation,
        "transfer_id": f"{operation}/{MONEY_LEG}",
        "intent_id": intent_id,
        "package": package,
    }


class _Intents:
    """Those that some lines belong to."""

    def __init__(self, provider: str, lines: Sequence[StatementLine]) -> None:
        ids = {line.intent_id for line in lines if line.intent_id}
        refs = {_payment_ref(line) for line in lines} - {""}
        rows = [*INTENTS.select("id", ids), *INTENTS.select("provider_ref", refs)]
        ours = [row for row in rows if row[1] == provider]
        self._by_id = {row[0]: row for row in ours}
        self._by_ref = {row[2]: row for row in ours if row[2]}

    def of(self, line: StatementLine) -> Row | None:
        """By our id, unless that one is known to be another payment at the provider."""
        ref = _payment_ref(line)
        named = self._by_id.get(line.intent_id) if line.intent_id else None
        if named is not None and (not ref or named[2] in ("", ref)):
            return named
        return self._by_ref.get(ref)


def _payment_ref(line: StatementLine) -> str:
    return line.payment_ref or (line.ref if line.kind == LineKind.PAYMENT else "")
