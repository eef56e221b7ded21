"""People made without HTTP, for tests that need many or none of it."""

from datetime import date
from uuid import UUID, uuid4

from pairly.accounts.services import NewUser, create_users
from pairly.core import clock
from pairly.core.db import run_atomic
from payments.services import Grant, grant_many

__all__ = ["make_people"]


def make_people(count: int, credits: int) -> list[UUID]:
    """People with exactly so many credits."""

    def make() -> list[UUID]:
        now = clock.now()
        wishes = [
            NewUser(
                email=f"{uuid4().hex}@example.test",
                password_hash="!",
                display_name="Ava",
                birth_date=date(1990, 5, 17),
            )
            for _ in range(count)
        ]
        users = create_users(people=wishes, bonus=False, now=now)
        grants = [
            Grant(owner_id=user.pk, credits=credits, operation=f"grant:{uuid4()}", kind="grant")
            for user in users
        ]
        if credits:
            grant_many(grants, now=now, announce=False)
        return [user.pk for user in users]

    return run_atomic(make)
