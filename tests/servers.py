"""Servers for tests: one in a process of its own, which may be killed, and one in a thread."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.mongod import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 45


class RunningServer:
    """``manage.py serve --no-demo`` on a free port, ready when constructed. A context manager.

    ``environment`` adds to that of the tests. Output goes to ``log_path`` in the data folder.
    """

    def __init__(
        self,
        *,
        database_url: str,
        data_dir: Path,
        environment: Mapping[str, str] | None = None,
        server: str = "daphne",
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}"
        self.log_path = data_dir / f"server-{self.port}.log"
        self._server = server
        self._console: subprocess.Popen[str] | None = None
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.quick_settings",
            "DATABASE_URL": database_url,
            "PAIRLY_DATA_DIR": str(data_dir),
            **(environment or {}),
        }
        self.start()

    def start(self) -> None:
        arguments = ["serve", "--no-demo", "--port", str(self.port), "--server", self._server]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_live()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL: the process does nothing more, at whatever line it was."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM, and the exit status once it has drained."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def restart(self) -> None:
        """Come back on the same port after ``kill`` or ``terminate``."""
        self.start()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def do(self, *arguments: str) -> str:
        """What a command prints. As ``manage``, in a process that stays for the next one."""
        if self._console is None:
            self._console = subprocess.Popen(
                [sys.executable, "-m", "tests.console"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._console.stdin and self._console.stdout
        self._console.stdin.write(json.dumps(arguments) + "\n")
        self._console.stdin.flush()
        printed, failure = json.loads(self._console.stdout.readline())
        if failure:
            raise RuntimeError(f"{arguments} failed: {printed}{failure}")
        return str(printed)

    def manage(self, *arguments: str) -> str:
        """What a command prints, run beside the server on the same database."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def _wait_until_live(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not is_live(self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{self.log()}")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._console is not None:
            self._console.communicate()
        if self._process.poll() is None:
            self.kill() if error else self.terminate()


def running_server(
    database_url: str,
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    server: str = "daphne",
) -> RunningServer:
    return RunningServer(
        database_url=database_url, data_dir=data_dir, environment=env, server=server
    )


def is_live(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextmanager
def server_in_thread() -> Iterator[str]:
    """uvicorn with the real application in a thread, on the test's own database; its address."""
    from pairly.asgi import application
    from pairly.serving.uvicorn import DrainingServer, configuration

    port = free_port()
    server: Any = DrainingServer(configuration(application, host="127.0.0.1", port=port))
    thread = threading.Thread(target=server.run, name="live-server", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server in a thread did not start")
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(STOP_SECONDS_MAX)
