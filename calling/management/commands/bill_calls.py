"""``manage.py bill_calls``: charge the minutes that have begun."""

from typing import Any

from django.core.management.base import BaseCommand

from calling.tasks import bill_calls


class Command(BaseCommand):
    help = "Hold and charge what is due in active calls; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{bill_calls()} calls were looked after.")
