"""Debian's coturn for tests: on a free loopback port, with a secret of ours, without files."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.mongod import free_port

START_SECONDS_MAX = 15


class TurnServer:
    """A context manager. ``log`` tells who was given an allocation."""

    def __init__(self, folder: Path, secret: str) -> None:
        path = shutil.which("turnserver")
        if path is None:
            sentence = "needs turnserver, which is not installed (apt-get install coturn)"
            if os.environ.get("CI") == "true":
                pytest.fail(sentence)
            pytest.skip(sentence)
        self.port = free_port()
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        self._log = folder / "turn.log"
        arguments = [
            *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"),
            *("--listening-port", str(self.port), "--realm", "pairly.test"),
            *("--use-auth-secret", "--static-auth-secret", secret),
            *("--allow-loopback-peers", "--cli-password", secret, "--no-cli"),
            *("--no-tls", "--no-dtls", "--no-multicast-peers", "--fingerprint"),
            *("--userdb", str(folder / "turn.db"), "--pidfile", str(folder / "turn.pid")),
            *("--log-file", "stdout", "--verbose"),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [path, "-n", *arguments], stdout=log, stderr=subprocess.STDOUT
            )
        self._wait()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"turnserver did not start:\n{self.log}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "TurnServer":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
