"""Staff have a periodic task run now."""

import threading
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from pairly.audit.services import record
from pairly.core.db import on_commit, run_atomic
from pairly.core.errors import NotFound
from pairly.schedule import TASKS_BY_NAME, run

__all__ = ["run_job", "start_in_thread"]


def run_job(*, name: str, actor_id: UUID | None, reason: str = "", request_id: str = "") -> None:
    """Start a task of the schedule beside its times; every task may run twice at once.

    It runs in the background: its row in ``JobRun`` tells how it fared. Raises ``NotFound``.
    """
    if name not in TASKS_BY_NAME:
        raise NotFound(f"There is no task {name}.")

    def start() -> None:
        record(
            actor_id=actor_id,
            action="job.started",
            target_type="job",
            target_id=name,
            reason=reason,
            request_id=request_id,
        )
        on_commit(lambda: import_string(settings.JOBS_START)(name))

    run_atomic(start)


def start_in_thread(name: str) -> threading.Thread:
    """Where there is no Celery: in a thread that the end of the process waits for."""
    thread = threading.Thread(target=run, args=(TASKS_BY_NAME[name],), name=f"job {name}")
    thread.start()
    return thread
