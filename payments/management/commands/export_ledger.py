"""Verify the ledger and write it to a file that can be verified without us."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pairly.core import clock
from payments.exports import export_ledger
from payments.management.commands.verify_ledger import Progress, sentence


class Command(BaseCommand):
    help = (
        "Verify the ledger and write it as JSON lines, for deploy/verify_ledger_export.py. "
        "Nothing is written if it does not verify; the exit status is then 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to; an older file there is replaced")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        report = export_ledger(options["file"], clock.now(), progress=Progress(self))
        self.stdout.write(json.dumps(report.to_dict()) if options["json"] else sentence(report))
        if not report.ok:
            sys.exit(1)
