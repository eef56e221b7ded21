"""A real worker on a real Redis does what the schedule and the outbox ask for."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.db import connections
from rest_framework.test import APIClient

from pairly.celery import DISPATCH_OUTBOX, app, dispatch_outbox_soon
from payments.ledger.models import Unsealed
from tests.redis_server import RedisServer
from tests.servers import ROOT

pytestmark = pytest.mark.mongodb
SECONDS_MAX = 60


@pytest.fixture
def worker(redis_server: RedisServer, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Worker and clock in one process tree, on the test's database."""
    command = ["-m", "celery", "-A", "pairly", "worker", "-B", "-c", "1", "--loglevel", "WARNING"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "-s", str(tmp_path / "beat")],
            cwd=ROOT,
            env=os.environ | {"REDIS_URL": redis_server.url},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        yield process
        process.terminate()
        assert process.wait(SECONDS_MAX) == 0
    assert "Traceback" not in (tmp_path / "worker.log").read_text()


def waits_for_seal() -> bool:
    try:
        return Unsealed.objects.exists()
    finally:
        connections.close_all()


def test_the_worker_seals_by_the_clock(worker: "subprocess.Popen[bytes]") -> None:
    body = {
        "email": "ada@pairly.test",
        "password": "quiet-harbour-42",
        "display_name": "Ada",
        "birth_date": "1990-01-31",
    }
    assert APIClient().post("/api/v1/auth/register", body).status_code == 201
    assert waits_for_seal()
    deadline = time.monotonic() + SECONDS_MAX
    while waits_for_seal():
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "nothing was sealed"
        time.sleep(0.1)


def test_a_commit_asks_a_worker_to_dispatch(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = Celery(broker=redis_server.url)
    monkeypatch.setattr("pairly.celery.app", outside)
    dispatch_outbox_soon()
    with outside.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=SECONDS_MAX)
        message.ack()
    assert message.headers["task"] == DISPATCH_OUTBOX
    assert DISPATCH_OUTBOX in app.tasks
