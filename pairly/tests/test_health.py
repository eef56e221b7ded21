"""Alive, ready, and the difference."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from pairly import health

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)


@pytest.mark.mongodb
def test_a_migrated_server_is_alive_and_ready(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    parts = {"database": "ok", "migrations": "ok"}
    assert ready.json() == {"status": "ready", "parts": parts}


@pytest.mark.mongodb
def test_a_missing_migration_makes_it_unready(client: Client) -> None:
    recorded = MigrationRecorder.Migration.objects.filter(app="sessions")
    (row,) = recorded
    recorded.delete()
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
    assert ready.json()["parts"] == {"database": "ok", "migrations": "failed"}
    row.save(force_insert=True)
    assert client.get("/health/ready").status_code == 200


def test_without_a_database_it_lives_yet_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: Any) -> None:
        raise OperationalError("secret host name")

    monkeypatch.setattr(MigrationRecorder, "migration_qs", property(fail))
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["parts"]["database"] == "failed"
    assert "secret" not in ready.content.decode()


def test_redis_is_asked_where_it_is_configured(
    client: Client, settings: Any, redis_server: Any
) -> None:
    settings.REDIS_URL = redis_server.url
    health._redis.cache_clear()
    assert client.get("/health/ready").json()["parts"]["redis"] == "ok"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    health._redis.cache_clear()
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["parts"]["redis"]) == (503, "failed")
    health._redis.cache_clear()


def test_only_the_methods_that_look_are_taken(client: Client) -> None:
    refused = client.post("/health/live", headers={"accept": "*/*"})
    assert refused.status_code == 405
    assert refused.json()["code"] == "method_not_allowed"


def test_wsgi_serves_the_same() -> None:
    asked = (
        "from wsgiref.util import setup_testing_defaults\n"
        "from pairly.wsgi import application\n"
        "environ = {'PATH_INFO': '/health/live'}\n"
        "setup_testing_defaults(environ)\n"
        "application(environ, lambda status, headers: print(status))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "200 OK" in done.stdout
