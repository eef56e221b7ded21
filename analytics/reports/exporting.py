"""Reports, and events themselves, as files: CSV, JSON lines or Parquet, a part at a time."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from analytics.frames import open_reports
from analytics.reports.selectors import EXPORTS, Asked, run, turn, utc_days
from analytics.reports.spans import Span
from analytics.reports.sql import Connection, Json, in_span
from pairly.audit.services import record
from pairly.core import tabular
from pairly.core.db import run_atomic
from pairly.core.errors import ValidationFailed

__all__ = ["CONTENT_TYPES", "FORMATS", "encoded_events", "encoded_report", "note_export"]

PARQUET: Final = "parquet"
FORMATS: Final = (*tabular.FORMATS, PARQUET)
CONTENT_TYPES: Final = {**tabular.CONTENT_TYPES, PARQUET: "application/vnd.apache.parquet"}
EVENT_COLUMNS: Final = ("event_id", "user_id", "name", "at", "session_id", "props", "platform")
ROWS_AT_ONCE: Final = 2_000
PART_BYTES: Final = 1 << 18


def encoded_report(asked: Asked, format: str) -> Iterator[bytes]:
    rows = run(asked).rows
    if format == PARQUET:
        with TemporaryDirectory() as folder:
            written = Path(folder) / "report.parquet"
            columns = {name: [row[name] for row in rows] for name in asked.kind.columns}
            pq.write_table(pa.table(columns), written)
            yield from _parts(written)
        return
    yield from tabular.encoded(rows, asked.kind.columns, format)


def encoded_events(span: Span, event: str, format: str) -> Iterator[bytes]:
    """The events of these days, of one name where one is given, in the order of days and people.

    Raises ``ValidationFailed`` before the first part when there are more than
    ``ANALYTICS_EXPORT_ROWS_MAX``: nobody gets a file that ends somewhere.
    """
    wanted = f"{in_span(span)} AND {'name = $event' if event else 'TRUE'}"
    parameters = {"event": event} if event else {}
    with turn(EXPORTS), open_reports(*utc_days(span)) as connection:
        _refuse_too_many(connection, wanted, parameters)
        columns = ", ".join(f'"{name}"' for name in EVENT_COLUMNS)
        query = f'SELECT {columns} FROM events WHERE {wanted} ORDER BY day, user_id, "at", event_id'
        if format == PARQUET:
            with TemporaryDirectory() as folder:
                written = Path(folder) / "events.parquet"
                connection.execute(f"COPY ({query}) TO '{written}' (FORMAT parquet)", parameters)
                yield from _parts(written)
            return
        connection.execute(query, parameters or None)
        yield from tabular.encoded(_records(connection), EVENT_COLUMNS, format)


def _refuse_too_many(connection: Connection, wanted: str, parameters: Mapping[str, str]) -> None:
    counted = connection.execute(f"SELECT count(*) FROM events WHERE {wanted}", parameters or None)
    if counted.fetchall()[0][0] > settings.ANALYTICS_EXPORT_ROWS_MAX:
        detail = f"More than {settings.ANALYTICS_EXPORT_ROWS_MAX} events; ask for fewer days."
        raise ValidationFailed.of("first", "too_many", detail)


def _records(connection: Connection) -> Iterable[Json]:
    while rows := connection.fetchmany(ROWS_AT_ONCE):
        for event_id, user_id, name, at, *others in rows:
            values = (f"{event_id}", f"{user_id}", name, at.replace(tzinfo=UTC), *others)
            yield dict(zip(EVENT_COLUMNS, values, strict=True))


def _parts(written: Path) -> Iterator[bytes]:
    with written.open("rb") as content:
        while part := content.read(PART_BYTES):
            yield part


def note_export(
    report: str, query: Mapping[str, Any], *, actor_id: UUID, request_id: str = ""
) -> None:
    """In the audit log, before anything goes out: what was asked for."""
    run_atomic(
        lambda: record(
            actor_id=actor_id,
            action="analytics.exported",
            target_type="analytics",
            target_id=report,
            after={name: f"{value}" for name, value in query.items()},
            request_id=request_id,
        )
    )
