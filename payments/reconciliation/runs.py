"""The row of a run: of each provider one at a time, and no word from one that lost its lease."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError

from pairly.core import clock
from pairly.core.db import change_one, run_atomic
from payments.reconciliation.errors import AlreadyRunning
from payments.reconciliation.models import ERROR_LENGTH_MAX, Reconciliation

__all__ = ["RunLost", "begin", "end", "keep"]

LEASE: Final = timedelta(minutes=5)
"""Longer than one page of a statement takes; each page renews it."""

State = Reconciliation.State


class RunLost(Exception):
    """The run took longer than its lease and another took its place."""


def begin(provider: str, since: datetime, until: datetime, now: datetime) -> Reconciliation:
    """Raises ``AlreadyRunning``. A run whose process died is failed when its lease is over."""
    run = Reconciliation(
        provider=provider, since=since, until=until, started_at=now, lease_until=now + LEASE
    )

    def insert() -> None:
        running = Reconciliation.objects.filter(provider=provider, state=State.RUNNING).first()
        if running is not None:
            if running.lease_until > now:
                raise AlreadyRunning
            seen = Reconciliation.objects.filter(
                pk=running.pk, state=State.RUNNING, lease_until=running.lease_until
            )
            dead = {"state": State.FAILED, "error": "its process died", "finished_at": now}
            if not change_one(seen, **dead):
                raise AlreadyRunning
        run.save(force_insert=True)

    try:
        run_atomic(insert)
    except IntegrityError as error:
        raise AlreadyRunning from error
    return run


def keep(run: Reconciliation) -> None:
    """Renew the lease; in a transaction it also makes sure that what is written there is written
    by the run that is on. Raises ``RunLost``."""
    until = clock.now() + LEASE
    if not run_atomic(lambda: change_one(_running(run), lease_until=until)):
        raise RunLost
    run.lease_until = until


def end(run: Reconciliation, state: Reconciliation.State, **values: Any) -> None:
    """Raises ``RunLost``."""
    values |= {"state": state, "finished_at": clock.now()}
    values["error"] = values.get("error", "")[:ERROR_LENGTH_MAX]
    if not run_atomic(lambda: change_one(_running(run), **values)):
        raise RunLost
    for name, value in values.items():
        setattr(run, name, value)


def _running(run: Reconciliation) -> Any:
    return Reconciliation.objects.filter(pk=run.pk, state=State.RUNNING)
