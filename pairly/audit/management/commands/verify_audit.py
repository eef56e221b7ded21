"""``manage.py verify_audit``: is the audit log what was written?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pairly.audit.models import AuditBlock
from pairly.audit.sealing import header_of
from pairly.audit.tasks import seal_audit
from pairly.audit.verify import problems

PROBLEMS_SHOWN_MAX = 20


class Command(BaseCommand):
    help = "Verify the audit log's chain; exit status 1 and the places if it is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        seal_audit()
        found = []
        for problem in problems():
            found.append(problem)
            self.stderr.write(problem)
            if len(found) == PROBLEMS_SHOWN_MAX:
                break
        if found:
            raise CommandError("the audit log is NOT as it was written")
        newest = AuditBlock.objects.order_by("-number").first()
        count = header_of(newest).last_sequence if newest else 0
        blocks = newest.number if newest else 0
        self.stdout.write(f"The audit log is as written: {count} entries in {blocks} blocks.")
