"""``manage.py create_users``: people with exact credits, for load scripts."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pairly.accounts.services import NewUser, Origin, create_users, open_devices
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from payments.services import Grant, grant_many

PASSWORD = "pairly-demo-1"  # noqa: S105 - of mock mode alone; api.md names it.
BIRTH_DATE = date(1990, 1, 1)
DEVICE_NAME = "create_users"
PEOPLE_PER_TRANSACTION = 200


class Command(BaseCommand):
    help = "Make verified people with exactly so many credits and a token each (mock mode only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--credits", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="print nothing but the list")

    def handle(self, *args: Any, count: int, credits: int, **options: Any) -> None:
        if not settings.MOCK_MODE:
            raise CommandError("create_users is for mock mode")
        if count < 1 or credits < 0:
            raise CommandError("--count must be at least 1 and --credits at least 0")
        password_hash = make_password(PASSWORD)
        made: list[dict[str, str]] = []
        while len(made) < count:
            size = min(PEOPLE_PER_TRANSACTION, count - len(made))
            made += _make(size, credits, password_hash)
        if not options["json"]:
            self.stdout.write(f"{count} people with {credits} credits each:")
        self.stdout.write(json.dumps(made, separators=(",", ":")))


def _make(count: int, credits: int, password_hash: str) -> list[dict[str, str]]:
    """Some people, all or none, each as ``{"id", "email", "token"}``."""
    now = clock.now()
    people = [_person(password_hash) for _ in range(count)]

    def make() -> list[dict[str, str]]:
        users = create_users(people=people, bonus=False, now=now)
        ids = [user.pk for user in users]
        tokens = open_devices(user_ids=ids, origin=Origin(device_name=DEVICE_NAME), now=now)
        if credits:
            grant_many([_grant(user_id, credits) for user_id in ids], now=now, announce=False)
        return [
            {"id": str(user.pk), "email": user.email, "token": token}
            for user, token in zip(users, tokens, strict=True)
        ]

    return run_atomic(make)


def _person(password_hash: str) -> NewUser:
    name = new_id().hex[-12:]
    return NewUser(
        email=f"load-{name}@pairly.test",
        password_hash=password_hash,
        display_name=f"Load {name}",
        birth_date=BIRTH_DATE,
        is_verified=True,
    )


def _grant(owner_id: UUID, credits: int) -> Grant:
    return Grant(
        owner_id=owner_id, credits=credits, operation=f"create_users:{owner_id}", kind="grant"
    )
