"""Looking after calls by the clock, in any number of processes at once.

What is due stands in the database; who comes first does it, and the others find that it is done.
"""

import logging
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import IntegrityError

from calling import clock
from calling.models import Call, Watch
from calling.selectors import due_calls
from calling.services.desk import Desk
from calling.services.progress import OUTAGE_NOTICED, REAPER, catch_up
from calling.states import Status
from pairly.core.db import StaleRead, change_one, run_atomic

__all__ = ["CALLS_AT_ONCE_MAX", "keep_watch", "sweep"]

logger = logging.getLogger(__name__)

CALLS_AT_ONCE_MAX = 500


def sweep(*statuses: Status) -> int:
    """Bring the calls in these states that are due to where they should stand by now; how many."""
    due = due_calls(statuses, clock.now(), CALLS_AT_ONCE_MAX)
    _each(due)
    return len(due)


def keep_watch() -> None:
    """Note that somebody looks for silence, and since when without a break."""
    run_atomic(_keep_watch)


def _keep_watch() -> None:
    now = clock.now()
    watch = Watch.objects.filter(pk=REAPER).first()
    if watch is None:
        try:
            Watch(id=REAPER, swept_at=now, resumed_at=now).save(force_insert=True)
        except IntegrityError as error:
            raise StaleRead("another process began to look") from error
        return
    was_away = now - watch.swept_at > OUTAGE_NOTICED
    as_read = Watch.objects.filter(pk=REAPER, swept_at=watch.swept_at)
    # Whoever lost has been told by this that another one is looking.
    change_one(as_read, swept_at=now, resumed_at=now if was_away else watch.resumed_at)


def _each(call_ids: Iterable[UUID]) -> None:
    """One that fails keeps no other from its turn; the first failure is raised when all had it."""
    failures = []
    for call_id in call_ids:
        try:
            run_atomic(partial(_bring_up, call_id))
        except Exception as failure:
            logger.exception("call %s could not be looked after", call_id)
            failures.append(failure)
    if failures:
        raise failures[0]


def _bring_up(call_id: UUID) -> None:
    desk = Desk(clock.now())
    catch_up(Call.objects.get(pk=call_id), desk)
    desk.write()
