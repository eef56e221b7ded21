"""``manage.py check_invariants``: exit status 1 and sentences if something is not as it must be."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from pairly.core import clock
from pairly.monitoring.invariants import SENTENCES_MAX, check_invariants

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Check what must be true at every moment. Runs beside the server; raises alerts."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        broken = 0
        for name, wrong in check_invariants(clock.now()):
            self.stdout.write(f"{'BROKEN' if wrong else 'ok    '} {name.replace('_', ' ')}")
            for sentence in wrong:
                self.stdout.write(f"       {sentence}")
            if len(wrong) == SENTENCES_MAX:
                self.stdout.write("       and perhaps more")
            broken += bool(wrong)
        if broken:
            sys.exit(1)
