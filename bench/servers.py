"""Servers under test: started on their own core, watched, and stopped."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = [
    "CORES",
    "LOAD_CORE",
    "ROOT",
    "SERVER_CORE",
    "Running",
    "ServerFailed",
    "Together",
    "cpu_seconds_of",
    "free_port",
    "on_core",
    "serving",
]

ROOT = Path(__file__).resolve().parent.parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class ServerFailed(RuntimeError):
    """A server did not start, died or did not stop; the text holds the end of its log."""


@dataclass(frozen=True)
class Running:
    """A server that listens on the local host."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def resident_mebibytes(self) -> float:
        return self._mebibytes("VmRSS")

    def private_mebibytes(self) -> float:
        """What is resident of its own; pages of mapped files, such as a database, come and go."""
        return self._mebibytes("RssAnon")

    def peak_mebibytes(self) -> float:
        """The most that was resident since it started."""
        return self._mebibytes("VmHWM")

    def _mebibytes(self, what: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(what))
        return int(line.split()[1]) / 1024

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads, in user and system mode."""
        return sum(cpu_seconds_of(Path(f"/proc/{self.pid}/stat")))

    def fail(self, what: str) -> ServerFailed:
        tail = self.log.read_text(errors="replace")[-3000:]
        return ServerFailed(f"{what}\n{tail}")


@dataclass(frozen=True)
class Together(Running):
    """A server and others that share its work; what they take is taken together."""

    others: tuple[Running, ...] = ()

    def resident_mebibytes(self) -> float:
        own = super().resident_mebibytes()
        return own + sum(other.resident_mebibytes() for other in self.others)

    def cpu_seconds(self) -> float:
        return super().cpu_seconds() + sum(other.cpu_seconds() for other in self.others)


def cpu_seconds_of(stat: Path) -> tuple[float, float]:
    """What a process or thread has used, in user and system mode, by its ``stat`` file."""
    after_name = stat.read_text().rpartition(")")[2].split()
    return int(after_name[11]) / CLOCK_TICKS, int(after_name[12]) / CLOCK_TICKS


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process on one core meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def serving(
    arguments: Sequence[str], port: int, environment: Mapping[str, str], *, core: int = SERVER_CORE
) -> Iterator[Running]:
    """``python <arguments>`` until the block ends; yields once the port answers."""
    with tempfile.NamedTemporaryFile(prefix="pairly-bench-", suffix=".log") as log:
        process = _start(arguments, environment, core, log)
        server = Running(process, port, Path(log.name))
        try:
            _wait_until_listening(server)
            yield server
            if process.poll() is not None:
                raise server.fail(f"the server died with status {process.returncode}")
        finally:
            _stop(server)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    arguments: Sequence[str], environment: Mapping[str, str], core: int, log: IO[bytes]
) -> "subprocess.Popen[bytes]":
    with on_core(core):  # a child inherits it
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait_until_listening(server: Running) -> None:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < give_up_at:
        if server.process.poll() is not None:
            raise server.fail(f"the server ended with status {server.process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise server.fail(f"the server did not listen within {START_SECONDS_MAX} s")


def _stop(server: Running) -> None:
    if server.process.poll() is not None:
        return
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise server.fail(f"the server did not stop within {STOP_SECONDS_MAX} s") from None
