"""What runs by the clock, in one table, and the scheduler of a server that has no Celery.

Each task is safe to run twice and in several processes at once; running late is its only risk.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, time, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string

from pairly.core import clock
from pairly.jobs.runs import noted

__all__ = ["TASKS", "TASKS_BY_NAME", "PeriodicTask", "run", "start_scheduler"]

THREADS_MAX = 4
START_PAUSE = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """``function`` is a dotted path; ``every`` a pause, or a time of day in UTC.

    ``at_start`` tasks also run once soon after a server has started, ``at_shutdown`` tasks when it
    ends.
    """

    name: str
    function: str
    every: timedelta | time
    at_start: bool = False
    at_shutdown: bool = False

    @property
    def pause(self) -> timedelta | None:
        """The time between two runs; None for those of a time of day."""
        return self.every if isinstance(self.every, timedelta) else None

    def resolve(self) -> Callable[[], Any]:
        function: Callable[[], Any] = import_string(self.function)
        return function


TASKS: tuple[PeriodicTask, ...] = (
    PeriodicTask(
        name="payments.seal_ledger",
        function="payments.tasks.seal_ledger",
        every=timedelta(milliseconds=settings.LEDGER_SEAL_INTERVAL_MILLISECONDS),
        at_shutdown=True,
    ),
    PeriodicTask(
        name="audit.seal_audit",
        function="pairly.audit.tasks.seal_audit",
        every=timedelta(milliseconds=settings.AUDIT_SEAL_INTERVAL_MILLISECONDS),
        at_shutdown=True,
    ),
    PeriodicTask(
        name="payments.verify_ledger_incremental",
        function="payments.tasks.verify_ledger_incremental",
        every=timedelta(minutes=5),
        at_start=True,
    ),
    PeriodicTask(
        name="payments.verify_ledger_full",
        function="payments.tasks.verify_ledger_full",
        every=time(hour=2, minute=30),
    ),
    PeriodicTask(
        name="payments.process_webhooks",
        function="payments.tasks.process_webhooks",
        every=timedelta(seconds=5),
    ),
    PeriodicTask(
        name="payments.trim_webhooks",
        function="payments.tasks.trim_webhooks",
        every=time(hour=3, minute=10),
    ),
    PeriodicTask(
        name="payments.follow_up_intents",
        function="payments.tasks.follow_up_intents",
        every=timedelta(seconds=10),
    ),
    PeriodicTask(
        name="payments.roll_up_reports",
        function="payments.tasks.roll_up_reports",
        every=timedelta(minutes=1),
        at_start=True,
    ),
    PeriodicTask(
        name="payments.count_recent_intents",
        function="payments.tasks.count_recent_intents",
        every=timedelta(minutes=10),
        at_start=True,
    ),
    PeriodicTask(
        name="payments.recount_intents",
        function="payments.tasks.recount_intents",
        every=time(hour=1, minute=30),
    ),
    PeriodicTask(
        name="payments.reconcile",
        function="payments.tasks.reconcile_providers",
        every=time(hour=4),
    ),
    PeriodicTask(
        name="payments.lift_freezes",
        function="payments.tasks.lift_freezes",
        every=timedelta(minutes=1),
    ),
    PeriodicTask(
        name="payments.backtest_fraud",
        function="payments.tasks.backtest_fraud",
        every=time(hour=4, minute=15),
    ),
    PeriodicTask(
        name="core.remove_expired_keys",
        function="pairly.core.tasks.remove_expired_keys",
        every=timedelta(minutes=10),
    ),
    PeriodicTask(
        name="audit.verify_audit",
        function="pairly.audit.tasks.verify_audit",
        every=time(hour=2, minute=45),
        at_start=True,
    ),
    PeriodicTask(
        name="outbox.dispatch_outbox",
        function="pairly.outbox.tasks.dispatch_outbox",
        every=timedelta(milliseconds=settings.OUTBOX_POLL_MILLISECONDS),
    ),
    PeriodicTask(
        name="outbox.clean_outbox",
        function="pairly.outbox.tasks.clean_outbox",
        every=timedelta(hours=1),
    ),
    PeriodicTask(
        name="monitoring.check_alert_rules",
        function="pairly.monitoring.tasks.check_alert_rules",
        every=timedelta(minutes=1),
    ),
    PeriodicTask(
        name="monitoring.check_all_invariants",
        function="pairly.monitoring.tasks.check_all_invariants",
        every=time(hour=2, minute=50),
    ),
    PeriodicTask(
        name="alerts.remove_resolved_alerts",
        function="pairly.alerts.tasks.remove_resolved_alerts",
        every=time(hour=3, minute=20),
    ),
    PeriodicTask(
        name="realtime.trim_events",
        function="pairly.realtime.tasks.trim_events",
        every=time(hour=3, minute=30),
    ),
    PeriodicTask(
        name="accounts.remove_expired",
        function="pairly.accounts.tasks.remove_expired",
        every=timedelta(minutes=10),
    ),
    PeriodicTask(
        name="approvals.expire_approvals",
        function="pairly.approvals.tasks.expire_approvals",
        every=timedelta(minutes=10),
    ),
    PeriodicTask(
        name="mail.remove_old_bounces",
        function="notifications.mail.tasks.remove_old_bounces",
        every=time(hour=3, minute=45),
    ),
    PeriodicTask(
        name="push.remove_old_devices",
        function="notifications.push.tasks.remove_old_devices",
        every=time(hour=3, minute=50),
    ),
    PeriodicTask(
        name="moderation.watch_queue",
        function="pairly.moderation.tasks.watch_queue",
        every=timedelta(minutes=1),
    ),
    PeriodicTask(
        name="moderation.forget_decided_content",
        function="pairly.moderation.tasks.forget_decided_content",
        every=time(hour=3, minute=40),
    ),
    PeriodicTask(
        name="presence.sweep_presence",
        function="presence.tasks.sweep_presence",
        every=timedelta(milliseconds=settings.PRESENCE_SWEEP_MILLISECONDS),
    ),
    PeriodicTask(
        name="presence.count_presence",
        function="presence.tasks.count_presence",
        every=timedelta(minutes=1),
    ),
    PeriodicTask(
        name="presence.forget_presence",
        function="presence.tasks.forget_presence",
        every=time(hour=3, minute=50),
    ),
    PeriodicTask(
        name="messaging.remove_unused_attachments",
        function="messaging.attachments.tasks.remove_unused_attachments",
        every=timedelta(minutes=1),
    ),
    *(
        PeriodicTask(
            name=f"analytics.{name}",
            function=f"analytics.tasks.{name}",
            every=timedelta(minutes=1),
        )
        for name in ("take_messages", "move_events", "erase_forgotten")
    ),
    PeriodicTask(
        name="analytics.write_people",
        function="analytics.tasks.write_people",
        every=time(hour=0, minute=10),
    ),
    PeriodicTask(
        name="analytics.remove_old_events",
        function="analytics.tasks.remove_old_events",
        every=time(hour=3, minute=50),
    ),
    PeriodicTask(
        name="analytics.remove_stray_files",
        function="analytics.tasks.remove_stray_files",
        every=timedelta(hours=1),
    ),
    *(
        PeriodicTask(
            name=f"calling.{name}",
            function=f"calling.tasks.{name}",
            every=timedelta(milliseconds=settings.CALL_SWEEP_MILLISECONDS),
        )
        for name in ("expire_ringing", "bill_calls", "reap_calls")
    ),
    *(
        PeriodicTask(
            name=f"notifications.{name}",
            function=f"notifications.tasks.{name}",
            every=timedelta(milliseconds=settings.NOTIFICATION_POLL_MILLISECONDS),
        )
        for name in ("send_rings", "send_pushes", "send_mails")
    ),
    PeriodicTask(
        name="notifications.send_broadcasts",
        function="notifications.tasks.send_broadcasts",
        every=timedelta(seconds=5),
    ),
    PeriodicTask(
        name="notifications.trim_notifications",
        function="notifications.tasks.trim_notifications",
        every=time(hour=3, minute=50),
    ),
)
if settings.MOCK_MODE:
    TASKS += (
        PeriodicTask(
            name="payments.deliver_mock_webhooks",
            function="payments.tasks.deliver_mock_webhooks",
            every=timedelta(seconds=1),
        ),
    )

TASKS_BY_NAME = {task.name: task for task in TASKS}


def run(task: PeriodicTask) -> None:
    """Call the task's function, note how it fared, and give back a connection that is too old or
    broken."""
    try:
        noted(task.name, task.resolve(), pause=task.pause)
    finally:
        close_old_connections()


def start_scheduler() -> BackgroundScheduler:
    """Run the table in threads of this process. ``shutdown()`` waits for what runs."""
    # A task that is still busy when it is due again is no news, and due twice is due once.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(THREADS_MAX)},
        job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
    )
    soon = clock.now() + START_PAUSE
    for task in TASKS:
        first = {"next_run_time": soon} if task.at_start else {}
        scheduler.add_job(run, _trigger(task.every), args=[task], id=task.name, **first)
    scheduler.start()
    return scheduler


def _trigger(every: timedelta | time) -> IntervalTrigger | CronTrigger:
    if isinstance(every, timedelta):
        return IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
    return CronTrigger(hour=every.hour, minute=every.minute, timezone=UTC)
