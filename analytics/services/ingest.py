"""Storing events, those of clients and those that the server itself knows to be true."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter

from analytics.arrivals import Arrival, event_id
from analytics.people import counted_among
from analytics.registry import KINDS
from analytics.rows import ERASED, EVENTS, KNOWN, SET_ASIDE, SET_ASIDE_KNOWN
from pairly.core.db import on_commit, run_atomic
from pairly.core.table import Row, Table

__all__ = ["Fact", "Taken", "ingest", "record", "rows_of"]

TAKEN = Counter("pairly_events_taken", "Events that were stored.")
REPEATED = Counter("pairly_events_repeated", "Events of clients that had been stored before.")
REJECTED = Counter("pairly_events_rejected", "Events of clients that were set aside.")


@dataclass(frozen=True, slots=True)
class Taken:
    accepted: int
    repeated: int


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that surely happened. ``key`` names it for ever; ``props`` are as in the
    registry."""

    key: str
    user_id: UUID
    name: str
    at: datetime
    props: dict[str, object]
    platform: str = ""


def ingest(arrivals: Sequence[Arrival]) -> list[Taken]:
    """Store what people sent; an operation of ``batching.events_writer``, inside its transaction.

    What is stored already is a repeat and changes nothing. Two that bring the same event at once
    meet in its key, and the loser's batch is run again.
    """
    known = _known(KNOWN, (key for arrival in arrivals for key in arrival.rows))
    erased = _known(ERASED, {arrival.user_id.hex for arrival in arrivals})
    rows: dict[str, Row] = {}
    results = []
    for arrival in arrivals:
        new = {k: row for k, row in arrival.rows.items() if k not in known and k not in rows}
        if arrival.user_id.hex not in erased:
            rows |= new
        repeated = arrival.repeated + len(arrival.rows) - len(new)
        results.append(Taken(len(new), repeated))
    EVENTS.insert(list(rows.values()))
    rejected = _keep_set_aside(arrivals, erased)
    repeated_in_all = sum(taken.repeated for taken in results)
    on_commit(lambda: _count(len(rows), repeated_in_all, rejected))
    return results


def record(facts: Sequence[Fact]) -> None:
    """Store what the server knows, once, whoever tells it how often."""

    def store() -> int:
        rows = {row[0]: row for row in rows_of(facts)}
        known = _known(KNOWN, rows)
        new = [row for key, row in rows.items() if key not in known]
        EVENTS.insert(new)
        return len(new)

    if facts:
        TAKEN.inc(run_atomic(store))


def rows_of(facts: Sequence[Fact]) -> list[Row]:
    """The facts as rows of ``rows.EVENTS``. Those about staff, test people, the deleted and the
    erased are left out."""
    counted = counted_among({fact.user_id for fact in facts})
    erased = _known(ERASED, {user_id.hex for user_id in counted})
    return [
        _row_of(fact)
        for fact in facts
        if fact.user_id in counted and fact.user_id.hex not in erased
    ]


def _row_of(fact: Fact) -> Row:
    kind = KINDS[fact.name]
    key, day = event_id("server", f"{fact.name}:{fact.key}"), fact.at.date().isoformat()
    props = kind.encoded(fact.props)
    return key, fact.user_id.hex, fact.name, fact.at, "", props, kind.activity, fact.platform, day


def _known(table: Table, keys: Iterable[str]) -> set[str]:
    return {key for (key,) in table.select("id", list(keys))}


def _keep_set_aside(arrivals: Sequence[Arrival], erased: set[str]) -> int:
    refused: dict[str, Row] = {}
    for arrival in arrivals:
        if arrival.user_id.hex not in erased:
            refused |= arrival.set_aside
    known = _known(SET_ASIDE_KNOWN, refused) if refused else set()
    SET_ASIDE.insert([row for key, row in refused.items() if key not in known])
    return sum(len(arrival.rejected) for arrival in arrivals)


def _count(taken: int, repeated: int, rejected: int) -> None:
    TAKEN.inc(taken)
    REPEATED.inc(repeated)
    REJECTED.inc(rejected)
