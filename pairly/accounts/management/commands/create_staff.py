"""``manage.py create_staff EMAIL --role ROLE``: make a member of staff."""

import os
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from pairly.accounts import roles
from pairly.accounts.selectors import user_by_email
from pairly.accounts.services import create_staff
from pairly.core.errors import PairlyError


class Command(BaseCommand):
    help = (
        "Make a member of staff, or give an account a role. The password comes from "
        "PAIRLY_STAFF_PASSWORD, else it is asked for; an account that exists keeps its own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=sorted(roles.ROLES))

    def handle(self, *args: Any, email: str, role: str, **options: Any) -> None:
        try:
            validate_email(email)
            password = "" if user_by_email(email) else _password()
            create_staff(email=email, password=password, role=role)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except PairlyError as error:
            details = " ".join(one.detail for one in error.errors)
            raise CommandError(details or error.detail) from error
        self.stdout.write(f"{email} is staff with the role {role}.")


def _password() -> str:
    given = os.environ.get("PAIRLY_STAFF_PASSWORD")
    if given:
        return given
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise CommandError("The two passwords differ.")
    return password
