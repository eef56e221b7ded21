"""Transfers and statements as rows of a table, for files that staff take away."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from pairly.audit.services import record
from pairly.core.clock import to_rfc3339
from pairly.core.db import run_atomic
from payments.ledger.search import Search
from payments.ledger.statements import Statement

__all__ = [
    "STATEMENT_COLUMNS",
    "TRANSFER_COLUMNS",
    "note_export",
    "statement_records",
    "transfer_records",
]

LINES_AT_ONCE = 500

TRANSFER_COLUMNS = (
    *("sequence", "id", "created_at", "kind", "phase", "amount", "asset"),
    *("debit", "credit", "group", "resolves", "meta", "leaf_hash"),
)
STATEMENT_COLUMNS = (
    *("created_at", "id", "kind", "phase", "account", "counterparty", "amount", "credits"),
    *("balance", "paid", "bonus", "earnings", "debt", "group"),
)

Record = dict[str, Any]


def transfer_records(
    *, since: datetime | None, until: datetime | None, kind: str
) -> Iterator[Record]:
    """What is sealed, in the order of the chain."""
    for row in Search(since=since, until=until, kind=kind).in_order():
        sides = {"debit": row.debit.key, "credit": row.credit.key}
        yield {name: sides.get(name) or getattr(row, name) for name in TRANSFER_COLUMNS}


def statement_records(
    user_id: UUID, *, since: datetime | None, until: datetime | None
) -> Iterator[Record]:
    """A person's statement, the newest line first."""
    for line in Statement(user_id, since=since, until=until).lines(LINES_AT_ONCE):
        yield {name: getattr(line, name) for name in STATEMENT_COLUMNS}


def note_export(
    *,
    actor_id: UUID,
    user_id: UUID | None = None,
    since: datetime | None,
    until: datetime | None,
    kind: str = "",
    format: str,
    request_id: str = "",
) -> None:
    """In the audit log, before anything goes out: whose, of what time and kind."""
    asked = {
        "since": to_rfc3339(since) if since else None,
        "until": to_rfc3339(until) if until else None,
        "kind": kind,
        "format": format,
    }
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="ledger.exported" if user_id is None else "user.statement_exported",
            target_type="ledger" if user_id is None else "user",
            target_id="transfers" if user_id is None else user_id,
            after=asked,
            request_id=request_id,
        )
    )
