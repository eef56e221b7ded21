"""Noting how tasks fare, whoever runs them: the scheduler, Celery, a person.

Tasks that come many times a minute are noted once a minute, and whenever one fails or recovers.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from pairly.jobs.models import ERROR_LENGTH_MAX, RESULT_LENGTH_MAX, JobRun

__all__ = ["noted"]

logger = logging.getLogger(__name__)

OFTEN = timedelta(minutes=1)
NOTE_PAUSE_SECONDS = 60.0

_noted_seconds: dict[str, float] = {}
"""When this process last noted a frequent task that went well, on the monotonic clock."""


def noted(name: str, function: Callable[[], Any], *, pause: timedelta | None = None) -> Any:
    """Call the function and note it. ``pause`` is the time between two runs, None for long.

    Raises what the function raised.
    """
    often = pause is not None and pause < OFTEN
    started_at = clock.now()
    if not often:
        _note(name, started_at=started_at, finished_at=None, result="", error="")
    try:
        result = function()
    except Exception as error:
        _noted_seconds.pop(name, None)
        _note_failure(name, started_at, error)
        raise
    if not often or _is_due(name):
        text = "" if result is None else str(result)[:RESULT_LENGTH_MAX]
        now = clock.now()
        _note(name, started_at=started_at, finished_at=now, result=text, error="")
    return result


def _is_due(name: str) -> bool:
    now = time.monotonic()
    if now - _noted_seconds.get(name, -NOTE_PAUSE_SECONDS) < NOTE_PAUSE_SECONDS:
        return False
    _noted_seconds[name] = now
    return True


def _note_failure(name: str, started_at: datetime, error: Exception) -> None:
    now = clock.now()
    text = f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX]
    _note(
        name,
        started_at=started_at,
        finished_at=now,
        result="",
        error=text,
        failed_at=now,
        last_error=text,
    )


def _note(name: str, **values: Any) -> None:
    """A note that cannot be written must not stop the task; the log says that it is missing."""
    try:
        _write(name, values)
    except Exception:
        logger.exception("the run of %s could not be noted", name)


def _write(name: str, values: dict[str, Any]) -> None:
    """Update the task's row, or make it. Of two who make it at once the later updates."""

    def update() -> bool:
        return change_one(JobRun.objects.filter(pk=name), **values)

    if run_atomic(update):
        return
    try:
        run_atomic(lambda: JobRun.objects.create(name=name, **values))
    except IntegrityError:
        run_atomic(update)
