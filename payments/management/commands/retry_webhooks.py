"""``manage.py retry_webhooks``: process the events that are due, as the clock does by itself."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.tasks import process_webhooks

__all__ = ["Command"]


class Command(BaseCommand):
    help = "Process webhooks that were left or are due for another attempt. Runs beside the server."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        self.stdout.write(f"{process_webhooks()} events were processed or tried again.")
