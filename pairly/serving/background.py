"""What a server does beside answering, and how it ends without leaving work half done."""

import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from pairly.core.batching import events_writer, writer
from pairly.core.checkpointing import checkpointing
from pairly.outbox import dispatcher
from pairly.outbox.dispatch import dispatch_due
from pairly.schedule import TASKS, run, start_scheduler
from presence.tasks import end_presence

__all__ = ["background_work", "quieter_garbage_collector"]

logger = logging.getLogger(__name__)


@contextmanager
def background_work() -> Iterator[None]:
    """The clock and the outbox, in this process; Celery does both in production.

    Leaving it finishes the writer's batch, the running tasks and the chains, in bounded time.
    """
    scheduler = start_scheduler() if settings.MOCK_MODE else None
    if settings.MOCK_MODE:
        dispatcher.start(dispatch_due, poll_seconds=None)  # the clock asks it as well
    try:
        with checkpointing():
            yield
    finally:
        _give_up_later()
        writer.stop()
        events_writer.stop()
        if scheduler is not None:
            scheduler.shutdown()
        dispatcher.stop()
        _keep_presence()
        _run_last_tasks()
        connections.close_all()


def _keep_presence() -> None:
    try:
        end_presence()
    except Exception:
        logger.exception("who was here is not kept")


def _run_last_tasks() -> None:
    for task in TASKS:
        if task.at_shutdown:
            try:
                run(task)
            except Exception:
                logger.exception("%s failed at shutdown", task.name)


def _give_up_later() -> None:
    """A database that does not answer must not keep the process for ever."""

    def give_up() -> None:
        logger.critical("the server did not come to an end in time")
        os._exit(1)

    timer = threading.Timer(settings.SERVER_SHUTDOWN_SECONDS, give_up)
    timer.daemon = True
    timer.start()


def quieter_garbage_collector() -> None:
    """What start-up made lives as long as the process: never look at it again. Requests and
    frames free themselves, so cycles are rare and may be looked for less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
