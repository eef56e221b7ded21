"""What the pages and the routes of the ledger share: looks that are noted, and files."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.http import content_disposition_header

from pairly.audit.services import look
from pairly.core.downloads import stream
from pairly.core.http import request_id_of
from pairly.core.tabular import CONTENT_TYPES, encoded
from payments.ledger import exporting
from payments.ledger.explorer import Detail

__all__ = ["download", "look_at_owner", "look_at_sides"]


def look_at_owner(request: Any, owner_id: UUID | None) -> None:
    """A person's accounts and transfers are private; the house's are not."""
    if owner_id is not None:
        look(
            actor_id=request.user.pk,
            action="user.ledger_viewed",
            target_type="user",
            target_id=owner_id,
            request_id=request_id_of(request),
        )


def look_at_sides(request: Any, detail: Detail) -> None:
    owners = {one.owner_id for one in (detail.transfer.debit, detail.transfer.credit)}
    for owner_id in owners:
        look_at_owner(request, owner_id)


def download(request: Any, *, user_id: UUID | None = None, **wanted: Any) -> HttpResponseBase:
    """A file of transfers, or of a person's statement, noted before it goes out.

    ``wanted`` has ``format`` and perhaps ``since``, ``until`` and ``kind``.
    """
    format = wanted["format"]
    since, until = wanted.get("since"), wanted.get("until")
    times: dict[str, Any] = {"since": since, "until": until}
    who = {"actor_id": request.user.pk, "request_id": request_id_of(request)}
    kind = wanted.get("kind", "")
    exporting.note_export(**who, user_id=user_id, kind=kind, format=format, **times)
    if user_id is None:
        name, records = "transfers", exporting.transfer_records(kind=kind, **times)
        parts = encoded(records, exporting.TRANSFER_COLUMNS, format)
    else:
        name, records = f"statement-{user_id}", exporting.statement_records(user_id, **times)
        parts = encoded(records, exporting.STATEMENT_COLUMNS, format)
    response = stream(request, parts, content_type=CONTENT_TYPES[format])
    disposition = content_disposition_header(True, f"pairly-{name}.{format}")
    response.headers["Content-Disposition"] = disposition or "attachment"
    return response
