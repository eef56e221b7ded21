"""The statement of one person: every line with what stood on the accounts afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.http import urlencode

from pairly.accounts.staff_dialogs import DateTimeField
from pairly.accounts.staff_panels import Panel
from pairly.accounts.staff_rows import moment, person_link
from pairly.accounts.staff_selectors import person
from pairly.core.clock import to_rfc3339
from pairly.core.errors import PermissionDenied
from pairly.core.tabular import FORMATS
from payments.admin.links import transfer_link
from payments.ledger.statements import Line, Statement
from payments.staff_ledger_access import download, look_at_owner

__all__ = ["statement_view"]

ROWS = 50
HEADERS = (
    *("When (UTC)", "Kind", "Credits", "Account"),
    *("Balance", "Paid", "Bonus", "Debt", "Operation"),
)


class TimesForm(forms.Form):
    since = DateTimeField(label="From (UTC)", required=False)
    until = DateTimeField(label="Before (UTC)", required=False)


def statement_view(request: HttpRequest, user_id: UUID, context: dict[str, Any]) -> Any:
    """A page of it, or with ``?format=`` the whole as a file."""
    form = TimesForm(request.GET)
    times = form.cleaned_data if form.is_valid() else {"since": None, "until": None}
    person(user_id)
    may_export = request.user.has_perm("exports.act")
    if request.GET.get("format") in FORMATS:
        return _file(request, user_id, may_export, times)
    look_at_owner(request, user_id)
    query = _query(times)
    signer = Signer(salt=f"statement:{user_id}:{query}")
    last = _position(signer, request.GET.get("after", ""))
    found = Statement(user_id, **times).page(last, ROWS + 1)
    lines = found[:ROWS]
    page = {
        **context,
        "title": "Statement",
        "form": form,
        "panel": _panel(user_id, lines),
        "newest": query if last is not None else None,
        "older": _query(times, after=_signed(signer, lines[-1])) if len(found) > ROWS else "",
        "formats": FORMATS if may_export else (),
    }
    return TemplateResponse(request, "staff/statement.html", page)


def _file(
    request: HttpRequest, user_id: UUID, may_export: bool, times: dict[str, Any]
) -> HttpResponseBase:
    if not may_export:
        raise PermissionDenied
    return download(request, user_id=user_id, format=request.GET["format"], **times)


def _panel(user_id: UUID, lines: Sequence[Line]) -> Panel:
    return Panel(
        title="Newest first",
        facts=[("Person", person_link(user_id, f"…{user_id.hex[-12:]}"))],
        icon="receipt_long",
        headers=HEADERS,
        rows=[_row(line) for line in lines],
        empty="Nothing moved in this time.",
    )


def _row(line: Line) -> list[Any]:
    kind = line.kind if line.credits else f"{line.kind} ({line.phase} {line.amount:,})"
    moved = f"{line.credits:+,}" if line.credits else "0"
    stood = [f"{one:,}" for one in (line.balance, line.paid, line.bonus, line.debt)]
    operation = transfer_link(line.id)
    return [moment(line.created_at), kind, moved, line.account, *stood, operation]


def _query(times: dict[str, Any], **more: str) -> str:
    given = {name: to_rfc3339(value)[:-1] for name, value in times.items() if value}
    return urlencode({**given, **more})


def _signed(signer: Signer, line: Line) -> str:
    return signer.sign_object([line.created_at.isoformat(), line.id, line.before])


def _position(signer: Signer, text: str) -> tuple[datetime, str, dict[str, int]] | None:
    """None, which is the start, for what this list did not make."""
    try:
        at, transfer_id, before = signer.unsign_object(text)
    except BadSignature:
        return None
    return datetime.fromisoformat(at), transfer_id, before
