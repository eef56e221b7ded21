"""``manage.py reap_calls``: end the calls that fell silent."""

from typing import Any

from django.core.management.base import BaseCommand

from calling.tasks import reap_calls


class Command(BaseCommand):
    help = "End the calls that fell silent or never got media; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{reap_calls()} calls were looked after.")
