"""What the database and other apps know of people, in bulk."""

from collections.abc import Collection
from uuid import UUID

from pairly.core import clock
from pairly.core.table import Row, Table
from presence import registry
from presence.models import Presence
from presence.status import Facts, Mode

__all__ = ["facts_of"]

PRESENCES = Table(Presence, "user_id", "mode", "last_seen_at")


def facts_of(user_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Of each of them. One query, and what those who registered ask for."""
    rows = {row[0]: row for row in PRESENCES.select("user_id", user_ids)}
    in_call = registry.in_call(user_ids)
    return {user_id: _facts(rows.get(user_id), user_id in in_call) for user_id in user_ids}


def _facts(row: Row | None, in_call: bool) -> Facts:
    if row is None:
        return Facts(in_call=in_call)
    _user_id, mode, last_seen_at = row
    last_seen = clock.to_milliseconds(last_seen_at) if last_seen_at is not None else 0
    return Facts(Mode(mode), in_call, last_seen)
