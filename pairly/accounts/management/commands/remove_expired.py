"""``manage.py remove_expired``: delete sign-ins, tickets, codes and mails past their time."""

from typing import Any

from django.core.management.base import BaseCommand

from pairly.accounts.tasks import remove_expired


class Command(BaseCommand):
    help = "Delete sign-ins, tickets, codes and mails that have served their time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{remove_expired()} rows removed.")
