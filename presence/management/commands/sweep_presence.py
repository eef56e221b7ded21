"""``manage.py sweep_presence``: look at whom time has made away or offline."""

from typing import Any

from django.core.management.base import BaseCommand

from presence.tasks import sweep_presence


class Command(BaseCommand):
    help = "Tell and note whom time has made away or offline; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{sweep_presence()} people were looked at.")
