"""Celery: the workers and the clock of production, from the table in ``pairly.schedule``.

``celery -A pairly worker`` and ``celery -A pairly beat``. Nothing but these tasks runs there; what
one transaction leaves to do travels through the outbox, whose rows a broker cannot lose.
"""

import os
from datetime import time, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pairly.settings")

import django
from celery import Celery, schedules, signals
from django.apps import apps
from django.conf import settings

if not apps.ready:
    django.setup()

from pairly.checks import refuse_to_start
from pairly.core.db import is_mongodb
from pairly.schedule import TASKS, PeriodicTask, run

__all__ = ["app", "dispatch_outbox_soon", "start_job"]

DISPATCH_OUTBOX = "outbox.dispatch_outbox"
LATEST_SECONDS = 60

refuse_to_start()
app = Celery("pairly")
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://",
    broker_connection_retry_on_startup=True,
    task_always_eager=settings.MOCK_MODE,
    task_ignore_result=True,
    # A worker that dies hands its task back: every task here may run twice.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule_filename=str(settings.DATA_DIR / "celerybeat-schedule"),
)


def _register(task: PeriodicTask) -> dict[str, Any]:
    """The task under its name, and its line of the beat schedule."""

    def call() -> None:
        run(task)

    app.task(call, name=task.name)
    if isinstance(task.every, time):
        when = schedules.crontab(minute=str(task.every.minute), hour=str(task.every.hour))
        return {"task": task.name, "schedule": when}
    # What a busy worker could not do before the next one is due, the next one does.
    latest = max(task.every, timedelta(seconds=1)).total_seconds()
    return {"task": task.name, "schedule": task.every, "options": {"expires": latest}}


app.conf.beat_schedule = {task.name: _register(task) for task in TASKS}


def dispatch_outbox_soon() -> None:
    """Ask a worker to dispatch now. The clock asks anyway; this saves the wait."""
    app.send_task(DISPATCH_OUTBOX, expires=LATEST_SECONDS, ignore_result=True)


def start_job(name: str) -> None:
    """Ask a worker to run a task of the schedule now."""
    app.send_task(name, ignore_result=True)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def leave_parents_connections(**_: Any) -> None:
    """MongoDB's client must not cross a fork; each worker process opens its own."""
    from django.db import connections

    if is_mongodb():
        connections["default"].close_pool()  # type: ignore[attr-defined]
    connections.close_all()
