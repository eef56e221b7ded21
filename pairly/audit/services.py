"""Writing the audit log. Nothing ever changes it."""

from typing import Any
from uuid import UUID

import orjson

from pairly.audit.entries import leaf_hash_of
from pairly.audit.models import AuditEntry, Unsealed
from pairly.core import clock
from pairly.core.db import in_atomic_block, run_atomic
from pairly.core.errors import ValidationFailed
from pairly.core.ids import new_id

__all__ = ["look", "record", "require_reason"]


def record(
    *,
    actor_id: UUID | None,
    action: str,
    target_type: str,
    target_id: UUID | str,
    reason: str = "",
    before: Any = None,
    after: Any = None,
    request_id: str = "",
) -> AuditEntry:
    """Note what staff did or looked at, in the transaction that does it.

    ``action`` reads ``<noun>.<past participle>``, for example ``user.suspended``; ``actor_id``
    None is an operator at the command line. ``before`` and ``after`` are JSON of ids and plain
    values; personal data does not belong here, since entries are kept for ever.
    """
    if not in_atomic_block():
        raise RuntimeError("record() outside of a transaction could be kept without its action")
    entry = AuditEntry(
        id=new_id(),
        actor_id=actor_id,
        action=action,
        target_type=target_type,
        target_id=str(target_id),
        reason=reason,
        before=_json(before),
        after=_json(after),
        request_id=request_id,
        created_at=clock.now(),
    )
    entry.leaf_hash = leaf_hash_of(entry)
    entry.save()
    Unsealed.objects.create(entry_id=entry.pk)
    return entry


def require_reason(reason: str) -> None:
    """What is done for a reason is not done without one. Raises ``ValidationFailed``."""
    if not reason.strip():
        raise ValidationFailed.of("reason", "required", "Say why.")


def _json(value: Any) -> str:
    """Canonical for what is put here: texts, integers, booleans, null, lists and objects."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def look(
    *,
    actor_id: UUID,
    action: str,
    target_type: str,
    target_id: UUID | str,
    reason: str = "",
    request_id: str = "",
) -> None:
    """Note that staff look at something private; call it before showing it."""
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action=action,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            request_id=request_id,
        )
    )
