"""``manage.py rebuild_reports``: count revenue and credits owed anew, from the whole chain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pairly.core import clock
from payments.reports.intents import SETTLED_AFTER_DAYS, count_intents
from payments.reports.rolling import rebuild_from_ledger


class Command(BaseCommand):
    help = "Count the days of revenue, credits owed and purchases anew. Runs beside the server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=SETTLED_AFTER_DAYS,
            help="of purchases, counted back from today",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        transfers = rebuild_from_ledger(clock.now())
        days = count_intents(clock.now(), days=options["days"])
        self.stdout.write(f"{transfers:,} transfers and the purchases of {days:,} days counted.")
