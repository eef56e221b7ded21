"""What runs by the clock: when, how it went, and running it now."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action

from pairly.accounts.staff_admin import Page
from pairly.accounts.staff_dialogs import dialog, done
from pairly.accounts.staff_rows import chip, moment
from pairly.core.errors import PermissionDenied
from pairly.core.http import request_id_of
from pairly.jobs.selectors import Job, all_jobs
from pairly.jobs.services import run_job

__all__ = ["PAGE", "jobs_view"]

PAGE = Page(name="jobs", title="Jobs", permission="system.view", icon="schedule")
STATES = {"waiting": "", "running": "info", "failed": "danger", "done": "success"}


def jobs_view(request: HttpRequest) -> HttpResponse:
    """The table of all jobs; with ``?run=<name>`` the dialog that runs one."""
    staff: Any = request.user
    may_run = staff.has_perm("system.act")
    if "run" in request.GET:
        if not may_run:
            raise PermissionDenied
        answer: HttpResponse = _run(None, request)
        return answer
    context = {
        **admin.site.each_context(request),
        "title": "Jobs",
        "jobs": [_row(job) for job in all_jobs()],
        "may_run": may_run,
    }
    return TemplateResponse(request, "staff/jobs.html", context)


@action(
    description="Run now",
    dialog=dialog(
        "Run this job now",
        "It runs beside its usual times, in the background.",
        submit="Run",
    ),
)
def _run(_page: None, request: Any, form: Any) -> HttpResponse:
    name = request.GET["run"]
    run_job(
        name=name,
        actor_id=request.user.pk,
        reason=form.cleaned_data["reason"],
        request_id=request_id_of(request),
    )
    return done(request, f"{name} is started.", reverse("admin:jobs"))


def _row(job: Job) -> dict[str, Any]:
    run = job.run
    return {
        "name": job.name,
        "every": job.every,
        "state": chip(job.state, STATES[job.state]),
        "started": moment(run.started_at) if run else "–",
        "took": _seconds(job),
        "result": (run.error or run.result) if run else "",
        "failed": f"last failure {moment(run.failed_at)}" if run and run.failed_at else "",
    }


def _seconds(job: Job) -> str:
    if job.run is None or job.run.finished_at is None:
        return ""
    return f"{(job.run.finished_at - job.run.started_at).total_seconds():.1f} s"
