"""``manage.py expire_intents``: end the intents whose time is over."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.tasks import expire_intents


class Command(BaseCommand):
    help = "End the intents whose time is over, at the provider first; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{expire_intents()} intents were looked after.")
