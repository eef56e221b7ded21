"""When to dispatch: at once after a commit, and every so often for what retries or was left."""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

__all__ = ["Worker", "start", "stop", "wake"]

logger = logging.getLogger(__name__)


class Worker:
    """A thread that calls ``step`` whenever woken, and every ``poll_seconds`` when given, and then
    again for as long as it says that it did something, unless told to stop.

    Wake-ups during a step are one wake-up: what a thousand commits leave is found together.
    """

    def __init__(self, step: Callable[[], int], *, poll_seconds: float | None) -> None:
        self._step = step
        self._poll_seconds = poll_seconds
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        """False also in a process forked from the one that started it."""
        return self._thread.is_alive()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """End after the step that runs now."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """The loop itself, for a command that has a process of its own."""
        try:
            while not self._stopping:
                if not self._try_step():
                    self._woken.wait(self._poll_seconds)
                    self._woken.clear()
        finally:
            connections.close_all()

    def _try_step(self) -> int:
        """The database or the broker may be away for a while; the rows wait."""
        try:
            return self._step()
        except Exception:
            logger.exception("dispatching the outbox failed")
            return 0


_worker: Worker | None = None
_guard = threading.Lock()


def start(step: Callable[[], int], *, poll_seconds: float | None) -> None:
    """Let this process run ``step`` after commits."""
    global _worker
    with _guard:
        if _worker is not None and _worker.alive():
            raise RuntimeError("this process has an outbox worker already")
        _worker = Worker(step, poll_seconds=poll_seconds)
        _worker.start()


def stop() -> None:
    global _worker
    with _guard:
        worker, _worker = _worker, None
    if worker is not None:
        worker.stop()


def wake() -> None:
    """Rows were committed. A process that does not dispatch hands the word on to one that does,
    by ``OUTBOX_WAKE``, from a thread of its own, so that no commit waits for a broker."""
    worker = _worker
    if worker is None or not worker.alive():
        if not settings.OUTBOX_WAKE:
            return
        worker = _start_messenger()
    worker.wake()


def _start_messenger() -> Worker:
    global _worker
    with _guard:
        if _worker is None or not _worker.alive():
            _worker = Worker(_hand_on, poll_seconds=None)
            _worker.start()
        return _worker


def _hand_on() -> int:
    import_string(settings.OUTBOX_WAKE)()
    return 0
