"""Reads of the audit log, each by an index: ids sort by time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from pairly.audit.models import AuditBlock, AuditEntry, Sealed, Unsealed
from pairly.core.ids import first_id_at

__all__ = ["ChainStatus", "chain_status", "entries", "entries_about"]

WAITING_MAX = 1000


def entries(
    *,
    actor_id: UUID | None = None,
    action: str = "",
    target_type: str = "",
    target_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> "QuerySet[AuditEntry]":
    """Entries that fit all that is given; order by ``-id``. A target's id needs its type."""
    found = AuditEntry.objects.all()
    if actor_id is not None:
        found = found.filter(actor_id=actor_id)
    if action:
        found = found.filter(action=action)
    if target_type and target_id:
        found = found.filter(target_type=target_type, target_id=target_id)
    if since is not None:
        found = found.filter(pk__gte=first_id_at(since))
    if until is not None:
        found = found.filter(pk__lt=first_id_at(until))
    return found


def entries_about(target_type: str, target_id: UUID | str) -> "QuerySet[AuditEntry]":
    """What was done to one thing, newest first."""
    return entries(target_type=target_type, target_id=str(target_id)).order_by("-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """How far the chain over the log has come. ``waiting`` counts no further than 1,000."""

    blocks: int
    entries: int
    sealed_at: datetime | None
    head: str
    waiting: int


def chain_status() -> ChainStatus:
    newest = AuditBlock.objects.order_by("-number").first()
    last = Sealed.objects.order_by("-sequence").first()
    return ChainStatus(
        blocks=newest.number if newest else 0,
        entries=last.sequence if last else 0,
        sealed_at=newest.sealed_at if newest else None,
        head=newest.hash if newest else "",
        waiting=len(Unsealed.objects.values_list("pk", flat=True)[:WAITING_MAX]),
    )
