"""The table of periodic tasks: every line can run, in this process and under Celery."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pairly.celery import DISPATCH_OUTBOX, app
from pairly.schedule import TASKS, run, start_scheduler

pytestmark = pytest.mark.mongodb


@pytest.fixture
def no_heads_outside(settings: Any, tmp_path: Path) -> None:
    """Heads of other tests would tell of blocks that this database never had."""
    settings.DATA_DIR = tmp_path


@pytest.mark.usefixtures("no_heads_outside")
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_runs_on_an_empty_database_and_again(task: object) -> None:
    run(task)  # type: ignore[arg-type]
    run(task)  # type: ignore[arg-type]


def test_names_are_unique_and_celery_knows_them_all() -> None:
    names = {task.name for task in TASKS}
    assert len(names) == len(TASKS)
    assert names <= set(app.tasks)
    assert {line["task"] for line in app.conf.beat_schedule.values()} == names
    assert DISPATCH_OUTBOX in names


def test_the_in_process_scheduler_takes_the_whole_table() -> None:
    scheduler = start_scheduler()
    try:
        intervals = {job.id: getattr(job.trigger, "interval", None) for job in scheduler.get_jobs()}
    finally:
        scheduler.shutdown()
    assert intervals.keys() == {task.name for task in TASKS}
    assert intervals["payments.verify_ledger_incremental"] == timedelta(minutes=5)
