"""``manage.py reset_second_factor EMAIL --reason``: for who lost authenticator and codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pairly.accounts.second_factor.services import reset
from pairly.accounts.selectors import user_by_email
from pairly.core.errors import PairlyError


class Command(BaseCommand):
    help = (
        "Take a person's authenticator and recovery codes away and end every sign-in. The next "
        "one with the password enrols anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="Goes into the audit log.")

    def handle(self, *args: Any, email: str, reason: str, **options: Any) -> None:
        user = user_by_email(email)
        if user is None:
            raise CommandError(f"nobody has the address {email}")
        try:
            reset(actor_id=None, user_id=user.pk, reason=reason)
        except PairlyError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{email} has no second factor any more and is signed out everywhere.")
