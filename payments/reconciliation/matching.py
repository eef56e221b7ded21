"""What of ours the lines of a statement name: by our id, where the provider gave it back, then by
the provider's. Lines and transfers meet under the name of the operation in the ledger."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from pairly.core.table import Row, Table
from payments.disputes.models import Dispute
from payments.gateways.base import LineKind, StatementLine
from payments.intents.models import Intent
from payments.ledger.transfers import TRANSFERS
from payments.operations import DISPUTE, PURCHASE, REFUND
from payments.reconciliation.judging import Line
from payments.refunds.models import Refund
from payments.refunds.states import UNSETTLED
from payments.reversals import MONEY_BACK_LEG, MONEY_LEG

__all__ = ["fee_id", "match"]

INTENTS: Final = Table(Intent, "id", "provider", "provider_ref", "package_id")
REFUNDS: Final = Table(Refund, "id", "provider", "provider_ref", "intent_id", "state")
DISPUTES: Final = Table(Dispute, "id", "provider", "provider_ref", "intent_id", "state")

OPERATIONS: Final = {
    LineKind.PAYMENT: (PURCHASE, MONEY_LEG),
    LineKind.REFUND: (REFUND, MONEY_LEG),
    LineKind.REFUND_FAILED: (REFUND, MONEY_BACK_LEG),
    LineKind.DISPUTE: (DISPUTE, MONEY_LEG),
    LineKind.DISPUTE_WON: (DISPUTE, MONEY_BACK_LEG),
}
"""What each kind of line tells of, and the leg that answers to it."""


def match(
    provider: str, lines: Sequence[StatementLine], since: datetime, until: datetime
) -> list[Line]:
    """In the same order; a few queries, however many there are."""
    ours = _Ours(provider, lines)
    fees = {row[0]: row[3] for row in TRANSFERS.select("id", [fee_id(line) for line in lines])}
    return [
        Line(
            line=line,
            in_window=since <= line.at < until,
            fee_booked_minor=fees.get(fee_id(line)),
            **ours.named_by(line),
        )
        for line in lines
    ]


def fee_id(line: StatementLine) -> str:
    """The id of the transfer of a line's fee, unique for ever."""
    return f"fee:{line.provider}:{line.line_ref}"


class _Ours:
    """The purchases, refunds and disputes that some lines may be about."""

    def __init__(self, provider: str, lines: Sequence[StatementLine]) -> None:
        self._refunds = _by_ref(provider, REFUNDS, _refs(lines, REFUND))
        self._disputes = _by_ref(provider, DISPUTES, _refs(lines, DISPUTE))
        ids = {line.intent_id for line in lines if line.intent_id}
        ids |= {row[3] for row in (*self._refunds.values(), *self._disputes.values())}
        refs = {_payment_ref(line) for line in lines} - {""}
        rows = [*INTENTS.select("id", ids), *INTENTS.select("provider_ref", refs)]
        ours = [row for row in rows if row[1] == provider]
        self._by_id = {row[0]: row for row in ours}
        self._by_ref = {row[2]: row for row in ours if row[2]}

    def named_by(self, line: StatementLine) -> dict[str, Any]:
        """The columns of ``Line`` that say what a line is about."""
        kind, leg = OPERATIONS[line.kind]
        record = self._record(kind, line.ref)
        intent = self._by_id.get(record[3]) if record else self._intent(line)
        if intent is None:
            return {}
        named = {"intent_id": intent[0], "package": intent[3]}
        record_id = intent[0] if kind == PURCHASE else record and record[0]
        if record_id is None:
            return named
        operation = f"{kind}:{record_id}"
        return {
            **named,
            "operation": operation,
            "transfer_id": f"{operation}/{leg}",
            "is_pending": kind == REFUND and record is not None and record[4] in UNSETTLED,
        }

    def _record(self, kind: str, ref: str) -> Row | None:
        if kind == PURCHASE:
            return None
        return (self._refunds if kind == REFUND else self._disputes).get(ref)

    def _intent(self, line: StatementLine) -> Row | None:
        """By our id, unless that one is known to be another payment at the provider."""
        ref = _payment_ref(line)
        named = self._by_id.get(line.intent_id) if line.intent_id else None
        if named is not None and (not ref or named[2] in ("", ref)):
            return named
        return self._by_ref.get(ref)


def _refs(lines: Sequence[StatementLine], kind: str) -> set[str]:
    return {line.ref for line in lines if line.ref and OPERATIONS[line.kind][0] == kind}


def _by_ref(provider: str, table: Table, refs: Collection[str]) -> dict[str, Row]:
    return {row[2]: row for row in table.select("provider_ref", refs) if row[1] == provider}


def _payment_ref(line: StatementLine) -> str:
    return line.payment_ref or (line.ref if line.kind == LineKind.PAYMENT else "")
