"""What runs by the clock, and how it fared."""

from dataclasses import dataclass
from datetime import time

from pairly.jobs.models import JobRun
from pairly.schedule import TASKS, PeriodicTask

__all__ = ["Job", "all_jobs", "last_run"]


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the schedule with its last run, which is absent before the first."""

    task: PeriodicTask
    run: JobRun | None

    @property
    def name(self) -> str:
        return self.task.name

    @property
    def every(self) -> str:
        """For people: ``every 5 min``, ``daily at 02:30 UTC``."""
        if isinstance(self.task.every, time):
            return f"daily at {self.task.every:%H:%M} UTC"
        seconds = self.task.every.total_seconds()
        if seconds >= 3600:
            return f"every {seconds / 3600:g} h"
        return f"every {seconds / 60:g} min" if seconds >= 60 else f"every {seconds:g} s"

    @property
    def state(self) -> str:
        """``waiting`` before the first run, ``running``, ``failed``, ``done``."""
        if self.run is None:
            return "waiting"
        if self.run.error:
            return "failed"
        return "done" if self.run.finished_at else "running"


def all_jobs() -> list[Job]:
    """Every task in the order of the schedule, in one query."""
    runs = {run.name: run for run in JobRun.objects.all()}
    return [Job(task, runs.get(task.name)) for task in TASKS]


def last_run(name: str) -> JobRun | None:
    return JobRun.objects.filter(pk=name).first()
