"""``manage.py seed_demo``: the people whom mock mode can be tried with."""

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError

from pairly.accounts import roles
from pairly.accounts.selectors import user_by_email
from pairly.accounts.services import NewUser, create_staff, create_users
from pairly.core import clock
from pairly.core.db import run_atomic
from payments.services import grant_credits

PASSWORD = "pairly-demo-1"  # noqa: S105 - of mock mode alone; api.md names it.
CREDITS = 500
STAFF_EMAIL = "staff@pairly.test"
PEOPLE = (
    ("ava@pairly.test", "Ava", date(1994, 5, 17), "IN", "Asia/Kolkata"),
    ("ben@pairly.test", "Ben", date(1991, 11, 2), "IN", "Asia/Kolkata"),
)


class Command(BaseCommand):
    help = "Make the demo people and the demo staff where they are missing (mock mode only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MOCK_MODE:
            raise CommandError("seed_demo is for mock mode")
        for person in PEOPLE:
            if user_by_email(person[0]) is None:
                _make(*person)
        if user_by_email(STAFF_EMAIL) is None:
            create_staff(email=STAFF_EMAIL, password=PASSWORD, role=roles.SUPERADMIN)
        for email in (*(person[0] for person in PEOPLE), STAFF_EMAIL):
            self.stdout.write(f"{email}  {PASSWORD}")


def _make(email: str, display_name: str, birth_date: date, country: str, time_zone: str) -> None:
    """One person with exactly ``CREDITS``."""
    now = clock.now()
    person = NewUser(
        email=email,
        password_hash=make_password(PASSWORD),
        display_name=display_name,
        birth_date=birth_date,
        country=country,
        time_zone=time_zone,
        is_verified=True,
    )

    def make() -> None:
        (user,) = create_users(people=[person], bonus=False, now=now)
        grant_credits(
            owner_id=user.pk,
            credits=CREDITS,
            operation=f"seed_demo:{user.pk}",
            kind="grant",
            now=now,
            announce=False,
        )

    run_atomic(make)
