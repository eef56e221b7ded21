"""``manage.py expire_ringing``: end the calls that rang in vain."""

from typing import Any

from django.core.management.base import BaseCommand

from calling.tasks import expire_ringing


class Command(BaseCommand):
    help = "End the calls that rang in vain; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{expire_ringing()} calls were looked after.")
