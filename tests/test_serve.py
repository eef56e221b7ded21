"""A server in a process of its own: how it starts, refuses to, ends, and comes back."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from django.db.models import Model
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from pairly.realtime.connections import CLOSE_SECONDS_MAX
from payments.ledger.models import Block, Sealed, Unsealed
from tests.clients import Person, text_message
from tests.files import migrated_sqlite
from tests.servers import ROOT, RunningServer, running_server
from tests.sizes import servers

RESTART = 4012


def database_url(data_dir: Path) -> str:
    return migrated_sqlite(data_dir / "pairly.sqlite3")


@pytest.mark.parametrize("kind", servers())
def test_a_server_drains_on_sigterm_and_comes_back(kind: str, tmp_path: Path) -> None:
    with running_server(database_url(tmp_path), tmp_path, server=kind) as server:
        person = Person.register(server.url)
        bearer = {"Authorization": f"Bearer {person.token}"}
        address = f"{server.socket_url}/ws/"
        with connect(address, additional_headers=bearer) as socket:
            assert json.loads(socket.recv(10))["type"] == "ready"
            assert server.terminate() == 0
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == RESTART
        assert "Traceback" not in server.log()

        server.restart()
        answer = httpx.get(f"{server.url}/api/v1/me", headers=bearer)
        assert answer.status_code == 200
        server.kill()
        server.restart()
        answer = httpx.get(f"{server.url}/api/v1/me", headers=bearer)
        assert answer.json()["id"] == person.id


@pytest.mark.parametrize("kind", servers())
def test_who_reads_nothing_is_dropped_and_keeps_little(kind: str, tmp_path: Path) -> None:
    """Sixty answers of half a million characters, for a peer that takes none of them."""
    rich = {"PAIRLY_WELCOME_BONUS_CREDITS": "100"}
    with running_server(database_url(tmp_path), tmp_path, rich, server=kind) as server:
        ava, ben = Person.register(server.url, "Ava"), Person.register(server.url, "Ben")
        conversation, busy = ava.open_conversation(ben), ava.socket()
        for number in range(100):
            busy.command("message.send", text_message(conversation, "x" * 5000, f"{number}"))
        headers = {"Authorization": f"Bearer {ben.token}"}
        address = f"{server.socket_url}/ws/"
        with connect(address, additional_headers=headers, max_queue=1, max_size=None) as stuck:
            for number in range(60):
                frame = {"type": "sync", "id": f"{number}", "data": {"since": 0}}
                stuck.send(json.dumps(frame))
            threading.Event().wait(CLOSE_SECONDS_MAX + 3)
            assert busy.command("presence.heartbeat")
            received = 0
            with pytest.raises(ConnectionClosed):
                while True:
                    received += len(stuck.recv(timeout=15))
        assert received < 10_000_000
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("kind", servers())
def test_nobody_invents_an_address(kind: str, tmp_path: Path) -> None:
    """A new X-Forwarded-For for each try is no new caller, not even from the server's own host."""
    limits = {"PAIRLY_RATE_LIMITS": "on", "PAIRLY_RATE_USER_PER_MINUTE": "5"}
    with running_server(database_url(tmp_path), tmp_path, limits, server=kind) as server:
        statuses = [
            httpx.get(
                f"{server.url}/api/v1/config", headers={"X-Forwarded-For": f"203.0.113.{number}"}
            ).status_code
            for number in range(8)
        ]
    assert statuses == [200] * 5 + [429] * 3


def test_what_was_acknowledged_is_sealed_when_the_server_has_ended(tmp_path: Path) -> None:
    slow = {"PAIRLY_LEDGER_SEAL_INTERVAL_MILLISECONDS": "3600000"}
    with running_server(database_url(tmp_path), tmp_path, slow) as server:
        assert register(server.url).status_code == 201
        assert rows(tmp_path, Unsealed) == 1
        assert server.terminate() == 0
        assert rows(tmp_path, Unsealed) == 0
        assert rows(tmp_path, Sealed) == rows(tmp_path, Block) == 1


def rows(data_dir: Path, model: type[Model]) -> int:
    """Counted beside Django, which holds the test's own database."""
    with closing(sqlite3.connect(data_dir / "pairly.sqlite3")) as database:
        count: int
        (count,) = database.execute(f"SELECT count(*) FROM {model._meta.db_table}").fetchone()
    return count


def serve(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve", "--no-demo", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.ci
def test_servers_that_start_together_do_not_migrate_together(tmp_path: Path) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.sqlite3'}"

    def start(kind: str) -> RunningServer:
        server = running_server(empty, tmp_path, server=kind)
        return running.enter_context(server)

    with ExitStack() as running, ThreadPoolExecutor(2) as threads:
        for server in threads.map(start, ["daphne", "uvicorn"]):
            assert "Traceback" not in server.log()


def test_a_second_server_on_the_port_says_so_and_ends(tmp_path: Path) -> None:
    with running_server(database_url(tmp_path), tmp_path) as server:
        second = serve({"PAIRLY_DATA_DIR": str(tmp_path)}, "--port", str(server.port))
    assert second.returncode == 1
    assert "Is another server running there?" in second.stderr
    assert "Traceback" not in second.stderr


def test_production_refuses_to_start_on_what_belongs_to_mock_mode(tmp_path: Path) -> None:
    refused = serve({"PAIRLY_MODE": "production", "PAIRLY_DATA_DIR": str(tmp_path)})
    assert refused.returncode == 1
    for sentence in ("SECRET_KEY is the default", "MongoDB, not on SQLite", "REDIS_URL is missing"):
        assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not list(tmp_path.glob("*.sqlite3"))


def test_the_server_in_a_thread_follows_each_tests_database(live_server_url: str) -> None:
    assert httpx.get(f"{live_server_url}/health/live").status_code == 200
    assert register(live_server_url).status_code == 201
    assert register(live_server_url).status_code != 201


def test_nothing_is_left_of_the_test_before(live_server_url: str) -> None:
    assert register(live_server_url).status_code == 201


def register(url: str) -> httpx.Response:
    body = {
        "email": "ada@pairly.test",
        "password": "quiet-harbour-42",
        "display_name": "Ada",
        "birth_date": "1990-01-31",
    }
    return httpx.post(f"{url}/api/v1/auth/register", json=body)
