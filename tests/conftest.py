"""What the stories in this folder share: servers in processes of their own."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.files import migrated_sqlite
from tests.servers import RunningServer
from tests.sizes import is_torture

StartServer = Callable[..., RunningServer]
Tell = Callable[[str], None]


@pytest.fixture
def server_database_url(tmp_path: Path, database: None) -> str:
    """An empty database for this test's servers: on SQLite a file of their own, on MongoDB the
    test's."""
    url = os.environ["DATABASE_URL"]
    return migrated_sqlite(tmp_path / "pairly.sqlite3") if url.startswith("sqlite") else url


@pytest.fixture
def start_server(tmp_path: Path, server_database_url: str) -> Iterator[StartServer]:
    """Start real servers on that database. What still runs at the end is ended in order."""
    servers: list[RunningServer] = []

    def start(
        server: str = "daphne", environment: Mapping[str, str] | None = None
    ) -> RunningServer:
        servers.append(
            RunningServer(
                database_url=server_database_url,
                data_dir=tmp_path,
                environment=environment,
                server=server,
            )
        )
        return servers[-1]

    yield start
    for running in servers:
        running.__exit__(None, None, None)


@pytest.fixture
def tell_progress(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Print a line at once, under torture, where a test takes long enough to be watched."""

    def tell(line: str) -> None:
        if is_torture():
            with capfd.disabled():
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()

    return tell
