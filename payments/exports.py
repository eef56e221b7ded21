"""Files made from the ledger, and what it adds to a person's own data."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from pairly.core.table import Row
from payments.disputes.selectors import disputes_of
from payments.fraud.selectors import checks_of
from payments.intents.selectors import intents_of
from payments.ledger.history import transactions_of
from payments.ledger.verification import Progress, Report, verify
from payments.refunds.selectors import refunds_of
from payments.selectors import wallet_of

__all__ = [
    "attempts_export",
    "disputes_export",
    "export_ledger",
    "purchases_export",
    "refunds_export",
    "wallet_export",
]

ROWS_AT_ONCE = 500


def export_ledger(path: Path, now: datetime, *, progress: Progress) -> Report:
    """Verify the ledger and write it, as JSON lines, to a file that ``deploy/
    verify_ledger_export.py`` can check alone. No file is left if it does not verify."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as file:
            report = verify(
                now,
                progress=progress,
                sink=_block_writer(file),
                account_sink=_account_writer(file),
            )
            _line(file, {"type": "end", "transfers": report.transfers, "blocks": report.blocks})
        if report.ok:
            draft.replace(path)
        return report
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def wallet_export(user_id: UUID) -> dict[str, Any]:
    """The wallet and every transaction of a person."""
    transactions: list[dict[str, Any]] = []
    last: tuple[datetime, str] | None = None
    while page := transactions_of(user_id, last, ROWS_AT_ONCE):
        transactions += [asdict(one) for one in page]
        last = (page[-1].created_at, page[-1].id)
    return {"wallet": wallet_of(user_id).to_dict(), "transactions": transactions}


def purchases_export(user_id: UUID) -> list[dict[str, Any]]:
    """Every purchase that a person began, the newest first."""
    return [
        {
            "id": intent.pk,
            "status": intent.status,
            "package": intent.package_id,
            "credits": intent.credits,
            "amount": intent.amount_minor,
            "refunded_amount": intent.refunded_minor,
            "currency": intent.currency,
            "provider": intent.provider,
            "provider_ref": intent.provider_ref,
            "created_at": intent.created_at,
            "paid_at": intent.paid_at,
        }
        for intent in intents_of(user_id).order_by("-id")
    ]


def refunds_export(user_id: UUID) -> list[dict[str, Any]]:
    """What a person was given back, or was to be, the newest first."""
    return [
        {
            "id": refund.pk,
            "purchase": refund.intent_id,
            "amount": refund.amount_minor,
            "currency": refund.intent.currency,
            "credits": refund.credits,
            "state": refund.state,
            "created_at": refund.created_at,
            "settled_at": refund.settled_at,
        }
        for refund in refunds_of(user_id).select_related("intent").order_by("-id")
    ]


def disputes_export(user_id: UUID) -> list[dict[str, Any]]:
    """What a person's bank wanted back, the newest first."""
    return [
        {
            "id": dispute.pk,
            "purchase": dispute.intent_id,
            "amount": dispute.amount_minor,
            "currency": dispute.intent.currency,
            "credits": dispute.credits,
            "state": dispute.state,
            "reason": dispute.reason,
            "created_at": dispute.created_at,
            "closed_at": dispute.closed_at,
        }
        for dispute in disputes_of(user_id).select_related("intent").order_by("-id")
    ]


def attempts_export(user_id: UUID) -> list[dict[str, Any]]:
    """Every attempt to buy, refused ones too, the newest first. Scores and what they are made of
    stay with us: they would teach how to get round them."""
    return [
        {
            "id": check.pk,
            "package": check.package,
            "provider": check.provider,
            "amount": check.amount_minor,
            "currency": check.currency,
            "created_at": check.created_at,
        }
        for check in checks_of(user_id)
    ]


def _block_writer(
    file: BinaryIO,
) -> Callable[[Mapping[str, Any] | None, Sequence[bytes]], None]:
    """A block goes before its transfers; those that wait for theirs come last."""

    def write(block: Mapping[str, Any] | None, leaves: Sequence[bytes]) -> None:
        kind = b'{"type":"waiting","leaf":'
        if block is not None:
            _line(file, {"type": "block", **block})
            kind = b'{"type":"transfer","leaf":'
        file.writelines(kind + leaf + b"}\n" for leaf in leaves)

    return write


def _account_writer(file: BinaryIO) -> Callable[[Row], None]:
    def write(row: Row) -> None:
        account, key, balance, held = row[:4]
        _line(
            file,
            {"type": "account", "id": account, "key": key, "balance": balance, "held": held},
        )

    return write


def _line(file: BinaryIO, record: Mapping[str, Any]) -> None:
    file.write(orjson.dumps(record) + b"\n")
