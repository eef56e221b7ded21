"""Who is measured: Pairly, the stock relay and the plain way, each ready to be started afresh."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Literal, Protocol

from bench.pairs import Person
from bench.servers import CORES, ROOT, Running, Together, free_port, serving

__all__ = ["USERS", "Contestant", "Pairly", "Plain", "Relay", "Server", "TwoProcesses"]

Server = Literal["daphne", "uvicorn"]

USERS = 100
CREDITS_EACH = 1_000_000


class Contestant(Protocol):
    """Something that passes messages between people."""

    @property
    def receipts(self) -> bool:
        """Whether it acknowledges and passes receipts back."""
        ...

    def started(self) -> AbstractContextManager[tuple[Running, list[Person]]]:
        """A server that listens, and the people who may connect to it."""
        ...


@dataclass(frozen=True)
class Relay:
    """Passes messages on through groups of the in-memory layer and stores nothing."""

    server: Server
    users: int = USERS
    receipts: bool = False

    @contextmanager
    def started(self) -> Iterator[tuple[Running, list[Person]]]:
        port = free_port()
        people = [Person(str(number), f"?user={number}") for number in range(self.users)]
        with serving(asgi_server(self.server, port, "bench.baselines.relay"), port, {}) as running:
            yield running, people


@dataclass(frozen=True)
class Plain:
    """One ORM transaction a message; a fresh database each time."""

    server: Server
    folder: Path
    receipts: bool = True

    @contextmanager
    def started(self) -> Iterator[tuple[Running, list[Person]]]:
        port = free_port()
        with fresh_folder(self.folder) as folder:
            environment = {"PLAIN_DATABASE": str(folder / "plain.sqlite3")}
            module = "bench.baselines.plain.asgi"
            made = run_python(["-m", module, str(USERS), str(CREDITS_EACH)], environment)
            people = [Person(user, f"?user={user}") for user in json.loads(made)]
            with serving(asgi_server(self.server, port, module), port, environment) as running:
                yield running, people


@dataclass(frozen=True)
class Pairly:
    """The product, on a data folder of its own.

    With ``scratch`` each start works there on a copy of the template, whose ledger is verified
    at the end; without, in the template itself, which is for data too large to copy and for
    databases outside the folder.
    """

    server: Server
    template: Path
    scratch: Path | None = None
    database_url: str | None = None
    receipts: bool = True

    @contextmanager
    def started(self) -> Iterator[tuple[Running, list[Person]]]:
        if self.scratch is None:
            with self._started_in(self.template) as started:
                yield started
            return
        with fresh_folder(self.scratch) as folder:
            shutil.copytree(self.template, folder, dirs_exist_ok=True)
            with self._started_in(folder) as started:
                yield started
            run_python(["manage.py", "verify_ledger"], pairly_environment(folder))

    @contextmanager
    def _started_in(self, folder: Path) -> Iterator[tuple[Running, list[Person]]]:
        port = free_port()
        environment = pairly_environment(folder, self.database_url)
        with serving(serve_command(self.server, port), port, environment) as running:
            yield running, people_in(folder)


@dataclass(frozen=True)
class TwoProcesses:
    """The product in two processes that share MongoDB and Redis; of each two people one is at
    the first and one at the second."""

    server: Server
    template: Path
    database_url: str
    redis_url: str
    receipts: bool = True

    @contextmanager
    def started(self) -> Iterator[tuple[Running, list[Person]]]:
        environment = pairly_environment(self.template, self.database_url)
        environment["REDIS_URL"] = self.redis_url
        with ExitStack() as stack:
            first, second = (
                stack.enter_context(
                    serving(serve_command(self.server, port), port, environment, core=core)
                )
                for port, core in ((free_port(), CORES[0]), (free_port(), CORES[1 % len(CORES)]))
            )
            urls = cycle(f"ws://127.0.0.1:{one.port}/ws/" for one in (first, second))
            people = [
                replace(person, url=url)
                for person, url in zip(people_in(self.template), urls, strict=False)
            ]
            yield Together(first.process, first.port, first.log, (second,)), people


def serve_command(server: Server, port: int) -> list[str]:
    command = ["manage.py", "serve", "--no-demo", "--server", server]
    return [*command, "--host", "127.0.0.1", "--port", str(port)]


def make_template(folder: Path, database_url: str | None = None, *, users: int = USERS) -> None:
    """Migrate a new database and fill it with users; their tokens stand in ``people.json``."""
    folder.mkdir(parents=True)
    environment = pairly_environment(folder, database_url)
    run_python(["manage.py", "migrate", "--verbosity", "0"], environment)
    arguments = ["--count", str(users), "--credits", str(CREDITS_EACH), "--json"]
    made = run_python(["manage.py", "create_users", *arguments], environment)
    (folder / "people.json").write_text(made.splitlines()[-1])


def people_in(folder: Path) -> list[Person]:
    users = json.loads((folder / "people.json").read_text())
    return [
        Person(user["id"], headers=(("Authorization", f"Bearer {user['token']}"),))
        for user in users
    ]


def pairly_environment(folder: Path, database_url: str | None = None) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "pairly.settings",
        "PAIRLY_MODE": "mock",
        "PAIRLY_DATA_DIR": str(folder),
        "PAIRLY_RATE_LIMITS": "off",
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'pairly.sqlite3'}",
        "REDIS_URL": "",
    }


def asgi_server(server: Server, port: int, module: str) -> list[str]:
    """The server's command line for a baseline; uvicorn with what Pairly recommends for it."""
    application = f"{module}:application"
    if server == "daphne":
        return ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), application]
    options = "--loop uvloop --http httptools --ws websockets-sansio --lifespan off"
    quiet = "--no-access-log --log-level warning --ws-per-message-deflate false"
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return ["-m", "uvicorn", *options.split(), *quiet.split(), *where, application]


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_python(arguments: list[str], environment: dict[str, str]) -> str:
    """What the command printed. Raises ``CalledProcessError`` after showing its errors."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return done.stdout
