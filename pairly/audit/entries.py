"""The bytes of an entry that its hash stands for."""

from pairly.audit.models import AuditEntry
from pairly.core.chain import canonical, leaf_hash
from pairly.core.clock import to_milliseconds

__all__ = ["leaf_hash_of"]


def leaf_hash_of(entry: AuditEntry) -> str:
    """The leaf hash, in hex, over every column but the hash itself."""
    record = {
        "v": "1",
        "id": str(entry.pk),
        "actor_id": str(entry.actor_id or ""),
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "request_id": entry.request_id,
        "at": str(to_milliseconds(entry.created_at)),
    }
    return leaf_hash(canonical(record)).hex()
