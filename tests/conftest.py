"""What the stories in this folder share: servers in processes of their own."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.servers import RunningServer

StartServer = Callable[..., RunningServer]


@pytest.fixture
def start_server(tmp_path: Path, database: None) -> Iterator[StartServer]:
    """Start real servers, all on one empty database of this test: on SQLite a file of their own,
    on MongoDB the test's. What still runs at the end is ended in order."""
    database_url = os.environ["DATABASE_URL"]
    if database_url.startswith("sqlite"):
        database_url = f"sqlite:///{tmp_path / 'pairly.sqlite3'}"
    servers: list[RunningServer] = []

    def start(
        server: str = "daphne", environment: Mapping[str, str] | None = None
    ) -> RunningServer:
        servers.append(
            RunningServer(
                database_url=database_url,
                data_dir=tmp_path,
                environment=environment,
                server=server,
            )
        )
        return servers[-1]

    yield start
    for running in servers:
        running.__exit__(None, None, None)
