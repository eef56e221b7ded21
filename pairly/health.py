"""For load balancers: is the process alive, and can it serve."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pymongo
import redis
import structlog
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.core.db import is_mongodb

__all__ = ["LiveView", "ReadyView", "deadline"]

logger = structlog.get_logger(__name__)

PART_SECONDS_MAX = 2


class _ProbeView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()


@extend_schema(exclude=True)
class LiveView(_ProbeView):
    """The process answers. It asks nothing else, so a slow database restarts nobody."""

    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


@extend_schema(exclude=True)
class ReadyView(_ProbeView):
    """200 when every part works, else 503; ``parts`` says which does not, the log says why."""

    def get(self, request: Request) -> Response:
        parts = {name: _works(name, ask) for name, ask in _parts()}
        ready = all(parts.values())
        body = {
            "status": "ready" if ready else "not_ready",
            "parts": {name: "ok" if works else "failed" for name, works in parts.items()},
        }
        return Response(body, status=200 if ready else 503)


def _parts() -> Iterator[tuple[str, Callable[[], bool]]]:
    yield "database", _database_answers
    yield "migrations", _migrations_are_applied
    if settings.REDIS_URL:
        yield "redis", _redis_answers


def _works(name: str, ask: Callable[[], bool]) -> bool:
    """Whatever a part fails with, the answer is that it does not work."""
    try:
        return ask()
    except Exception:
        logger.exception("not_ready", part=name)
        return False


@contextmanager
def deadline() -> Iterator[None]:
    """MongoDB answers within ``PART_SECONDS_MAX`` or fails."""
    if not is_mongodb():
        yield
        return
    with pymongo.timeout(PART_SECONDS_MAX):
        yield


def _database_answers() -> bool:
    with deadline():
        MigrationRecorder(connections["default"]).migration_qs.exists()
    return True


_migrated = False


def _migrations_are_applied() -> bool:
    """Once applied they stay so for the life of the process, whose code brings no new ones."""
    global _migrated
    if not _migrated:
        with deadline():
            executor = MigrationExecutor(connections["default"])
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


@cache
def _redis() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PART_SECONDS_MAX,
        socket_timeout=PART_SECONDS_MAX,
    )


def _redis_answers() -> bool:
    return bool(_redis().ping())
