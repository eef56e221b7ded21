"""``manage.py verify_ledger``: exit status 1 and the first bad place if the ledger was altered."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pairly.core import clock
from payments.ledger.verification import Report, verify

PROGRESS_SECONDS = 2.0


class Command(BaseCommand):
    help = "Verify the ledger's chain, balances and outside heads. Runs beside the server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--incremental", action="store_true", help="go on from the last incremental run"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        report = verify(clock.now(), incremental=options["incremental"], progress=Progress(self))
        self.stdout.write(json.dumps(report.to_dict()) if options["json"] else sentence(report))
        if not report.ok:
            sys.exit(1)


class Progress:
    """A line every two seconds, so that a short run says nothing."""

    def __init__(self, command: BaseCommand) -> None:
        self._stderr = command.stderr
        self._next = time.monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._next += PROGRESS_SECONDS
            self._stderr.write(f"{done:,} of {total:,} transfers verified")


def sentence(report: Report) -> str:
    extent = f"{report.transfers:,} transfers in {report.blocks:,} blocks"
    if report.problem is None:
        waiting = f", {report.waiting} waiting to be sealed" if report.waiting else ""
        kept = f"outside head at block {report.outside_block}" if report.blocks else "no blocks"
        return (
            f"The ledger verifies: {extent}{waiting}, {report.accounts:,} accounts, {kept}, "
            f"{report.seconds:.1f} s."
        )
    place = ", ".join(
        f"{name} {value}" for name, value in report.problem.items() if name != "reason"
    )
    return f"THE LEDGER DOES NOT VERIFY. {place}: {report.problem['reason']} ({extent} are good)."
