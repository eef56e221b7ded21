"""DuckDB, bounded, over files of the storage and rows of the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
from django.conf import settings

from analytics import files

__all__ = ["EVENT_COLUMNS", "PENDING", "connect", "show_files"]

EVENT_COLUMNS: Final = (
    'event_id UUID, user_id UUID, name VARCHAR, "at" TIMESTAMP, session_id VARCHAR, '
    "props VARCHAR, activity BOOLEAN, platform VARCHAR, day DATE"
)
PENDING: Final = """
CREATE TABLE pending AS
    SELECT event_id::UUID AS event_id, user_id::UUID AS user_id, name,
           "at" AT TIME ZONE 'UTC' AS "at", nullif(session_id, '') AS session_id, props, activity,
           platform, day::DATE AS day
    FROM pending_rows;
"""


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, bounded, which never loads anything from elsewhere."""
    config: dict[str, Any] = {
        "memory_limit": f"{settings.ANALYTICS_MEMORY_MB}MB",
        "threads": settings.ANALYTICS_THREADS,
        "temp_directory": str(files.scratch() / "spilled"),
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def show_files(
    connection: duckdb.DuckDBPyConnection, view: str, names: Sequence[str], columns: str
) -> None:
    """A view over Parquet files of the storage, or an empty table where there are none."""
    if names:
        connection.read_parquet([files.local_path(name) for name in names]).create_view(view)
    else:
        connection.execute(f"CREATE TABLE {view} ({columns})")
