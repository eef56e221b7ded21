"""``manage.py staff_code EMAIL``: the second factor of mock mode's staff."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pairly.accounts.second_factor.services import current_code
from pairly.accounts.selectors import user_by_email


class Command(BaseCommand):
    help = (
        "Print a code that the second factor accepts now (mock mode only). Each code works once; "
        "who has no authenticator is given one that lives nowhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if not settings.MOCK_MODE:
            raise CommandError("staff_code is for mock mode")
        user = user_by_email(email)
        if user is None or not user.is_staff:
            raise CommandError(f"{email} is no member of staff")
        code, wait_seconds = current_code(user=user)
        if wait_seconds:
            self.stderr.write(f"The latest codes are used; one moment ({wait_seconds} s).")
            time.sleep(wait_seconds)
        self.stdout.write(code)
