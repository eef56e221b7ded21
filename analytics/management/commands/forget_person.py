"""``manage.py forget_person``: somebody's events go, the account stays."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.services.erasing import erase_now, request_erasure
from pairly.accounts.selectors import user_by_email, user_exists
from pairly.core import clock


class Command(BaseCommand):
    help = (
        "Take every event of a person out of rows and files, and take none any more. Files that "
        "held them are removed within two hours. Deleting an account does the same by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="an id or an e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        user_id, now = _person(options["person"]), clock.now()
        request_erasure(user_id, now)
        erase_now([user_id], now)
        self.stdout.write(
            f"Nothing of {user_id} is left. What was being stored at this moment goes in a minute."
        )


def _person(text: str) -> UUID:
    """Raises ``CommandError`` for somebody who never was."""
    if user := user_by_email(text):
        return user.pk
    try:
        user_id = UUID(text)
    except ValueError:
        raise CommandError(f"There is nobody with the address {text}.") from None
    if not user_exists(user_id):
        raise CommandError(f"There is no person {text}.")
    return user_id
