"""Jobs: every run is noted, failures stay visible, and staff start one."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import NotFound
from pairly.jobs import runs
from pairly.jobs.models import JobRun
from pairly.jobs.selectors import all_jobs
from pairly.jobs.services import run_job, start_in_thread
from pairly.schedule import TASKS, TASKS_BY_NAME, run

pytestmark = pytest.mark.mongodb
SECOND = timedelta(seconds=1)
SEAL = TASKS_BY_NAME["payments.seal_ledger"]


@pytest.fixture(autouse=True)
def fresh_start(settings: Any, tmp_path: Path) -> None:
    """No notes of earlier runs, and no outside heads that tell of other tests' blocks."""
    runs._noted_seconds.clear()
    settings.DATA_DIR = tmp_path


def fails() -> None:
    raise RuntimeError("the disk is full")


def test_a_run_is_seen_while_it_goes_on_and_after() -> None:
    def work() -> str:
        row = JobRun.objects.get(pk="slow")
        assert row.finished_at is None
        return "did it"

    started = clock.now()
    assert runs.noted("slow", work) == "did it"
    row = JobRun.objects.get()
    assert row.finished_at is not None and row.finished_at >= row.started_at >= started
    assert (row.result, row.error, row.failed_at) == ("did it", "", None)


def test_a_failure_is_noted_raised_and_kept_when_it_goes_well_again() -> None:
    with pytest.raises(RuntimeError):
        runs.noted("fickle", fails)
    failed = JobRun.objects.get()
    assert failed.error == failed.last_error == "RuntimeError: the disk is full"
    runs.noted("fickle", lambda: None)
    well = JobRun.objects.get()
    assert (well.error, well.last_error) == ("", failed.last_error)
    assert well.failed_at == failed.failed_at


def test_a_frequent_job_is_noted_once_a_minute_and_whenever_it_fails_or_recovers() -> None:
    noted: list[int] = []
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as now:

        def turn(function: Any) -> None:
            now.shift(1)
            with contextlib.suppress(RuntimeError):
                runs.noted("often", function, pause=SECOND)
            row = JobRun.objects.get()
            noted.append(int((clock.now() - row.started_at).total_seconds()))

        for _ in range(3):
            turn(lambda: 7)
        assert noted == [0, 1, 2]
        turn(fails)
        assert noted[-1] == 0 and JobRun.objects.get().error
        turn(lambda: 7)
        assert noted[-1] == 0 and not JobRun.objects.get().error


def test_what_cannot_be_noted_is_done_all_the_same(monkeypatch: Any) -> None:
    monkeypatch.setattr(runs, "_write", lambda name, values: fails())
    assert runs.noted("lonely", lambda: "done") == "done"


def test_the_list_tells_each_job_and_its_state() -> None:
    run(SEAL)
    states = {job.name: job.state for job in all_jobs()}
    assert states.keys() == {task.name for task in TASKS}
    assert states[SEAL.name] == "done"
    assert states["payments.verify_ledger_full"] == "waiting"
    every = {job.name: job.every for job in all_jobs()}
    assert every["payments.verify_ledger_full"] == "daily at 02:30 UTC"
    assert every["payments.verify_ledger_incremental"] == "every 5 min"
    assert every[SEAL.name] == "every 0.2 s"


def test_staff_start_one_and_the_log_says_who(settings: Any) -> None:
    settings.JOBS_START = f"{__name__}.start_and_wait"
    with pytest.raises(NotFound):
        run_job(name="payments.print_money", actor_id=None)
    run_job(name="payments.verify_ledger_full", actor_id=None, reason="after a restore")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id) == ("job.started", "payments.verify_ledger_full")
    assert entry.reason == "after a restore"
    row = JobRun.objects.get(pk="payments.verify_ledger_full")
    assert row.result == "verified up to transfer 0 in block 0" and not row.error


def start_and_wait(name: str) -> None:
    start_in_thread(name).join()


def test_a_broken_ledger_is_a_failed_job(settings: Any, join_credits: Any) -> None:
    join_credits()
    run(SEAL)
    tamper()
    with pytest.raises(Exception, match="does not verify"):
        run(TASKS_BY_NAME["payments.verify_ledger_full"])
    assert "does not verify" in JobRun.objects.get(pk="payments.verify_ledger_full").error


@pytest.fixture
def join_credits() -> Any:
    from django.core.management import call_command

    return lambda: call_command("create_users", "--count", "1", "--credits", "5")


def tamper() -> None:
    from pairly.core.db import run_atomic
    from pairly.core.table import Table
    from payments.ledger.models import Account

    accounts = Table(Account, "id", "balance")
    (account,) = Account.objects.filter(balance=5)
    assert run_atomic(lambda: Account.objects.filter(pk=account.pk).update(balance=4)) == 1
    assert accounts.select("id", [account.pk])
