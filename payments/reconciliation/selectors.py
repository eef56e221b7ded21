"""Reading runs and breaks, each by an index."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from pairly.core.clock import EPOCH, to_rfc3339
from pairly.core.errors import NotFound
from payments.reconciliation.models import Break, Reconciliation

__all__ = [
    "COUNTED_MAX",
    "break_named",
    "breaks_in",
    "breaks_named",
    "pressing_breaks",
    "reconciled_until",
    "run_to_dict",
    "runs_of",
]

COUNTED_MAX = 1000


def runs_of(provider: str = "") -> "QuerySet[Reconciliation]":
    """Of one provider or all; order by ``-id``."""
    rows = Reconciliation.objects.all()
    return rows.filter(provider=provider) if provider else rows


def reconciled_until(provider: str) -> datetime:
    """Up to when the provider's statements are known without a gap; 1970 while none was read."""
    done = Reconciliation.objects.filter(provider=provider, state=Reconciliation.State.DONE)
    newest = done.order_by("-id").first()
    return newest.known_until if newest else EPOCH


def break_named(break_id: UUID) -> Break:
    """Raises ``NotFound``."""
    row = Break.objects.filter(pk=break_id).first()
    if row is None:
        raise NotFound
    return row


def breaks_in(
    *, state: str, provider: str = "", kind: str = "", intent_id: UUID | None = None
) -> "QuerySet[Break]":
    """In one state, perhaps narrowed further; order by ``-id``."""
    wanted = {"provider": provider, "kind": kind, "intent_id": intent_id}
    given = {name: value for name, value in wanted.items() if value}
    return Break.objects.filter(state=state, **given)


def breaks_named(text: str) -> "QuerySet[Break]":
    """What staff look for: a break by its id, or those of a purchase by the purchase's."""
    try:
        known = UUID(text.strip())
    except ValueError:
        return Break.objects.none()
    return Break.objects.filter(Q(pk=known) | Q(intent_id=known))


def pressing_breaks(provider: str) -> "QuerySet[Break]":
    """Those that somebody has to look at: what is a matter of time settles by itself."""
    rows = Break.objects.filter(provider=provider, state=Break.State.OPEN)
    return rows.exclude(kind=Break.Kind.TIMING)


def run_to_dict(run: Reconciliation) -> dict[str, Any]:
    """For programs: plain values, times in the wire's form."""
    return {
        "id": str(run.pk),
        "provider": run.provider,
        "since": to_rfc3339(run.since),
        "until": to_rfc3339(run.until),
        "state": str(run.state),
        "error": run.error,
        "lines": run.lines,
        "bookings": run.bookings,
        "mended": run.mended,
        "fees_booked": run.fees_booked,
        "breaks_found": run.breaks_found,
        "breaks_opened": run.breaks_opened,
        "breaks_closed": run.breaks_closed,
        "totals": orjson.loads(run.totals),
    }
