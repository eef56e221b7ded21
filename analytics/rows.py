"""The rows of events by the bulk door, and their form as Arrow columns."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from analytics.models import Erasure, Event, SetAside
from pairly.core.table import Row, Table

__all__ = ["ERASED", "EVENTS", "KNOWN", "SET_ASIDE", "SET_ASIDE_KNOWN", "arrow_of"]

EVENTS: Final = Table(
    Event,
    *("id", "user_id", "name", "at", "session_id", "props", "activity", "platform"),
    "pending_day",
    hex_ids=True,
)
KNOWN: Final = Table(Event, "id", hex_ids=True)
SET_ASIDE: Final = Table(
    SetAside,
    *("id", "user_id", "name", "code", "detail", "content", "created_at"),
    hex_ids=True,
)
SET_ASIDE_KNOWN: Final = Table(SetAside, "id", hex_ids=True)
ERASED: Final = Table(Erasure, "id", hex_ids=True)
_SCHEMA: Final = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("name", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("session_id", pa.string()),
        ("props", pa.string()),
        ("activity", pa.bool_()),
        ("platform", pa.string()),
        ("day", pa.string()),
    ]
)


def arrow_of(rows: Sequence[Row]) -> pa.Table:
    """Rows of ``EVENTS`` turned into columns; ids as hex, as they are stored."""
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)
