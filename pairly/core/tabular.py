"""Rows as CSV and as JSON lines, a part at a time, so that a long export needs little memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pairly.core.clock import to_rfc3339
from pairly.core.wire import encode_json

__all__ = ["CONTENT_TYPES", "FORMATS", "encoded"]

FORMATS = ("csv", "ndjson")
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
ROWS_AT_ONCE = 500

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Record = Mapping[str, Any]


def encoded(records: Iterable[Record], columns: Sequence[str], format: str) -> Iterator[bytes]:
    """The records' columns in one of ``FORMATS``, some rows a part; CSV begins with a header."""
    write = _csv_part if format == "csv" else _ndjson_part
    if format == "csv":
        yield _csv_rows([columns])
    remaining = iter(records)
    while part := list(islice(remaining, ROWS_AT_ONCE)):
        yield write(part, columns)


def _ndjson_part(records: Sequence[Record], columns: Sequence[str]) -> bytes:
    rows = ({name: record[name] for name in columns} for record in records)
    return b"".join(encode_json(row) + b"\n" for row in rows)


def _csv_part(records: Sequence[Record], columns: Sequence[str]) -> bytes:
    return _csv_rows([[_cell(record[name]) for name in columns] for record in records])


def _csv_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP
    recommends; numbers are left alone."""
    if isinstance(value, datetime):
        return to_rfc3339(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
