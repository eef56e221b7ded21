"""The home page's alerts and figures. None counts a whole table; each says where it comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince

from messaging.models import Message
from pairly.accounts.models import Report, User
from pairly.alerts.models import Alert
from pairly.alerts.selectors import open_alerts
from pairly.approvals.models import Approval
from pairly.approvals.selectors import may_decide_any, waiting_for
from pairly.audit.models import AuditBlock
from pairly.audit.models import Unsealed as UnsealedEntry
from pairly.core import clock
from pairly.core.estimates import bounded_count, row_estimate
from pairly.core.ids import first_id_at
from pairly.jobs.models import JobRun
from pairly.jobs.selectors import all_jobs, last_run
from pairly.moderation.models import Case
from pairly.moderation.selectors import cases_in
from pairly.outbox.models import OutboxEvent
from payments.fraud.selectors import reviews_waiting
from payments.reconciliation.selectors import breaks_in, runs_of
from payments.selectors import (
    dead_webhooks,
    ledger_status,
    open_disputes,
    paid_since,
    set_aside_since,
    unsettled_refunds,
)

__all__ = ["Figure", "OpenAlerts", "home_alerts", "home_figures"]

COUNTED_MAX = 1000
ALERTS_SHOWN = 5
VERIFIED_WITHIN = timedelta(minutes=15)
AUDIT_VERIFIED_WITHIN = timedelta(hours=26)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One card. ``state`` is plain, good, warning or bad; ``link`` leads to its page."""

    title: str
    icon: str
    value: str
    note: str
    state: str = "plain"
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlerts:
    """The first of the open alerts, and how many more there are."""

    shown: list[tuple[Alert, str]]
    more: int


def home_alerts(request: HttpRequest) -> OpenAlerts:
    """What is wrong now, for who may see alerts; each with how long it has been so."""
    user: Any = request.user
    found = open_alerts() if user.has_perm("system.view") else []
    now = clock.now()
    shown = [(alert, _ago(alert.first_seen_at, now)) for alert in found[:ALERTS_SHOWN]]
    return OpenAlerts(shown=shown, more=len(found) - len(shown))


def home_figures(request: HttpRequest) -> list[Figure]:
    """The cards that this member of staff may see."""
    now = clock.now()
    user: Any = request.user
    cards = [
        figure
        for permission, figures in FIGURES
        if user.has_perm(permission)
        for figure in figures(now)
    ]
    return [*_approvals(user), *cards]


def _approvals(user: Any) -> Iterator[Figure]:
    """For who may decide something: how much of it waits for them."""
    if not may_decide_any(user):
        return
    waiting = _bounded(waiting_for(user))
    yield Figure(
        title="Waiting for you",
        icon="fact_check",
        value=waiting,
        note="requests that a second person decides",
        state="plain" if waiting == "0" else "warning",
        link=_page_of(Approval),
    )


def _people(now: datetime) -> Iterator[Figure]:
    """Nobody is ever deleted from the table, and a key tells when its row was made."""
    new = _bounded(User.objects.filter(pk__gte=first_id_at(now - DAY)))
    yield Figure(
        title="Users",
        icon="group",
        value=f"{row_estimate(User):,}",
        note=f"{new} in the last 24 hours",
        link=_page_of(User),
    )


def _cases(now: datetime) -> Iterator[Figure]:
    waiting = cases_in(Report.Status.PENDING)
    overdue = _bounded(waiting.filter(due_at__lte=now))
    first = waiting.filter(priority=Case.Priority.FIRST).exists()
    yield Figure(
        title="Cases waiting",
        icon="shield",
        value=_bounded(waiting),
        note=f"{overdue} overdue" + ("; a child may be in danger" if first else ""),
        state="bad" if first else "plain" if overdue == "0" else "warning",
        link=_page_of(Case),
    )


def _messages(now: datetime) -> Iterator[Figure]:
    new = _bounded(Message.objects.filter(pk__gte=first_id_at(now - timedelta(hours=1))))
    yield Figure(
        title="Messages",
        icon="chat",
        value=f"{row_estimate(Message):,}",
        note=f"{new} in the last hour",
    )


def _ledger(now: datetime) -> Iterator[Figure]:
    """From the totals that the newest sealed block carries."""
    status = ledger_status()
    sealed = f"as of block {status.blocks:,}" if status.blocks else "nothing is sealed yet"
    yield Figure(title="Credits sold", icon="payments", value=f"{status.sold:,}", note=sealed)
    yield Figure(title="Credits spent", icon="toll", value=f"{status.spent:,}", note=sealed)
    yield Figure(title="Credits given", icon="redeem", value=f"{status.given:,}", note=sealed)
    run = last_run("payments.verify_ledger_incremental")
    full = last_run("payments.verify_ledger_full")
    age = _ago(status.sealed_at, now)
    yield _chain("Ledger chain", [run, full], VERIFIED_WITHIN, f"head {age}", now)


def _purchases(now: datetime) -> Iterator[Figure]:
    aside, dead = _bounded(set_aside_since(now - DAY)), _bounded(dead_webhooks())
    yield Figure(
        title="Purchases",
        icon="shopping_cart",
        value=_bounded(paid_since(now - DAY)),
        note=f"in the last 24 hours; observations set aside: {aside}",
        state="plain" if aside == "0" else "warning",
    )
    yield Figure(
        title="Dead webhooks",
        icon="webhook",
        value=dead,
        note="events of providers that could not be processed",
        link=f"{reverse('admin:payments_webhook_changelist')}?state__exact=dead",
        state="plain" if dead == "0" else "bad",
    )


def _reconciliation(now: datetime) -> Iterator[Figure]:
    """Open breaks of all providers, those that time settles too."""
    breaks = _bounded(breaks_in(state="open"))
    newest = runs_of().order_by("-id").first()
    last = _ago(newest.started_at if newest else None, now)
    yield Figure(
        title="Breaks",
        icon="difference",
        value=breaks,
        note=f"between providers and our books; last run {last}",
        state="plain" if breaks == "0" else "warning",
        link=reverse("admin:payments_break_changelist"),
    )


def _fraud(now: datetime) -> Iterator[Figure]:
    waiting = _bounded(reviews_waiting())
    yield Figure(
        title="Fraud reviews waiting",
        icon="pending_actions",
        value=waiting,
        note="purchases whose credits are held",
        state="plain" if waiting == "0" else "warning",
        link=reverse("admin:payments_review_changelist"),
    )


def _audit(now: datetime) -> Iterator[Figure]:
    newest = AuditBlock.objects.order_by("-number").first()
    head = _ago(newest.sealed_at if newest else None, now)
    waiting = _bounded(UnsealedEntry.objects.all())
    note = f"head {head}, {waiting} unsealed"
    run = last_run("audit.verify_audit")
    yield _chain("Audit chain", [run], AUDIT_VERIFIED_WITHIN, note, now)


def _chain(
    title: str, runs: list[JobRun | None], within: timedelta, note: str, now: datetime
) -> Figure:
    """The verdict of the last verifications. An old one is no verdict."""
    done = [run for run in runs if run is not None]
    newest = max((run.finished_at for run in done if run.finished_at), default=None)
    if any(run.error for run in done):
        value, state = "BROKEN", "bad"
    elif newest is None or now - newest > within:
        value, state = "not verified", "warning"
    else:
        value, state = "verified", "good"
    checked = f"checked {_ago(newest, now)}" if newest else "not checked yet"
    return Figure(title=title, icon="link", value=value, note=f"{checked}, {note}", state=state)


def _background(now: datetime) -> Iterator[Figure]:
    failed = _bounded(OutboxEvent.objects.filter(state=OutboxEvent.State.FAILED))
    yield Figure(
        title="Outbox waiting",
        icon="outbox",
        value=_bounded(OutboxEvent.objects.filter(state=OutboxEvent.State.PENDING)),
        note=f"{failed} failed",
        link=_page_of(OutboxEvent),
        state="plain" if failed == "0" else "bad",
    )
    jobs = all_jobs()
    failing = [job.name for job in jobs if job.state == "failed"]
    lately = [
        job for job in jobs if job.run and job.run.failed_at and now - job.run.failed_at < DAY
    ]
    yield Figure(
        title="Jobs failing",
        icon="schedule",
        value=str(len(failing)),
        link=reverse("admin:jobs"),
        note=", ".join(failing) or f"{len(lately)} failed in the last 24 hours",
        state="bad" if failing else "warning" if lately else "good",
    )


def _reversals(now: datetime) -> Iterator[Figure]:
    disputes = _bounded(open_disputes())
    yield Figure(
        title="Refunds under way",
        icon="undo",
        value=_bounded(unsettled_refunds()),
        note="at the provider, or waiting for a second person",
        link=reverse("admin:payments_refund_changelist"),
    )
    yield Figure(
        title="Disputes open",
        icon="gavel",
        value=disputes,
        note="to be answered at the provider",
        state="plain" if disputes == "0" else "warning",
        link=reverse("admin:payments_dispute_changelist"),
    )


FIGURES: tuple[tuple[str, Callable[[datetime], Iterator[Figure]]], ...] = (
    ("users.view", _people),
    ("moderation.view", _cases),
    ("system.view", _messages),
    ("ledger.view", _ledger),
    ("payments.view", _purchases),
    ("payments.view", _reversals),
    ("payments.view", _reconciliation),
    ("fraud.view", _fraud),
    ("audit.view", _audit),
    ("system.view", _background),
)


def _page_of(model: type[Model]) -> str:
    """The address of a table's page, where there is one."""
    if not admin.site.is_registered(model):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _bounded(rows: "QuerySet[Any]") -> str:
    """How many, looking at no more than ``COUNTED_MAX`` of them: ``12`` or ``1,000+``."""
    found = bounded_count(rows, COUNTED_MAX + 1)
    return f"{COUNTED_MAX:,}+" if found > COUNTED_MAX else f"{found:,}"


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "none yet"
    if now - moment < timedelta(minutes=1):
        return "just now"
    return f"{timesince(moment, now, depth=1)} ago"
