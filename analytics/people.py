"""Who people are, as far as reports divide them."""

from collections.abc import Iterator
from typing import Final

import duckdb
import pyarrow as pa
from django.conf import settings

from pairly.accounts.selectors import countable_people

__all__ = ["is_test_address", "known_people"]

_SCHEMA: Final = pa.schema(
    [
        ("user_id", pa.string()),
        ("registered_at", pa.timestamp("us", tz="UTC")),
        ("country", pa.string()),
    ]
)
PEOPLE: Final = """
CREATE TABLE people AS
    SELECT user_id::UUID AS user_id, registered_at AT TIME ZONE 'UTC' AS registered_at, country,
           NULL::VARCHAR AS gender, '' AS platform
    FROM people_rows
"""


def known_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``people`` of ``frames``."""
    connection.register("people_rows", pa.RecordBatchReader.from_batches(_SCHEMA, _batches()))
    connection.execute(PEOPLE)


def is_test_address(email: str) -> bool:
    return email.rpartition("@")[2] in settings.ANALYTICS_TEST_EMAIL_DOMAINS


def _batches() -> Iterator[pa.RecordBatch]:
    for people in countable_people():
        rows = [person[:3] for person in people if not is_test_address(person[3])]
        columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
        yield pa.record_batch(arrays, schema=_SCHEMA)
