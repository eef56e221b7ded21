"""``manage.py poll_payments``: ask providers about what nobody told us of."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.tasks import poll_payments


class Command(BaseCommand):
    help = "Ask providers about open intents and refunds; the schedule does it too."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{poll_payments()} intents and refunds were asked about.")
