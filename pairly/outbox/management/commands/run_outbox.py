"""``manage.py run_outbox``: dispatch durable events until told to stop."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from pairly.core import clock
from pairly.outbox import services
from pairly.outbox.dispatch import dispatch_all, dispatch_due
from pairly.outbox.dispatcher import Worker
from pairly.outbox.models import OutboxEvent


class Command(BaseCommand):
    help = "Run the handlers of durable events; several may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Run what is due, then end.")
        parser.add_argument(
            "--retry-failed",
            action="store_true",
            help="First give the rows that failed for good a fresh set of attempts.",
        )

    def handle(self, *, once: bool, retry_failed: bool, **options: Any) -> None:
        if retry_failed:
            self._retry_failed()
        if once:
            self.stdout.write(f"{dispatch_all()} rows were run.")
            return
        worker = Worker(dispatch_due, poll_seconds=settings.OUTBOX_POLL_MILLISECONDS / 1000)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        self.stdout.write("Dispatching the outbox.")
        worker.run()

    def _retry_failed(self) -> None:
        failed = OutboxEvent.objects.filter(state=OutboxEvent.State.FAILED)
        ids = list(failed.values_list("pk", flat=True))
        self.stdout.write(
            f"{services.retry_failed(event_ids=ids, now=clock.now())} rows are due again."
        )
