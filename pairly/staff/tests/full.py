"""A database with something in every table that staff look at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pairly.accounts import services as accounts
from pairly.accounts.models import Mail, Report, SignInAttempt, User
from pairly.accounts.services import NewUser, Origin
from pairly.accounts.services.devices import open_devices
from pairly.alerts.services import raise_alert
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.outbox.models import OutboxEvent
from payments.services import Grant, grant_many

__all__ = ["PEOPLE", "Filled", "fill"]

PEOPLE = ("Ava", "Ben", "Chitra", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas")
LATER = 60


@dataclass(frozen=True, slots=True)
class Filled:
    people: list[User]
    failed_event: UUID


def fill(actor: User, *, more: int = 50) -> Filled:
    """Ten people with names and ``more`` others; credits, sign-ins, reports, notes, failures."""
    now = clock.now()
    names = [*PEOPLE, *(f"Person {number}" for number in range(more))]
    people = accounts.create_users(
        people=[
            NewUser(
                email=f"{name.lower().replace(' ', '-')}@example.net",
                password_hash="!",
                display_name=name,
                birth_date=now.date() - timedelta(days=365 * (20 + number % 30)),
                country=("IN", "DE", "TR", "JP")[number % 4],
                is_verified=number % 3 > 0,
            )
            for number, name in enumerate(names)
        ],
        bonus=True,
        now=now,
    )
    ava, ben, chitra = people[:3]
    _credits(people[:10], now)
    open_devices(
        user_ids=[ava.pk, ava.pk, ben.pk],
        origin=Origin(device_name="Phone", address="203.0.113.7", user_agent="Pairly/1.0"),
        now=now,
    )
    _attempts(ava, now)
    for reporter in (ben, chitra):
        accounts.report(
            reporter=reporter,
            target_type=Report.TargetType.USER,
            target_id=ava.pk,
            reason=Report.Reason.HARASSMENT,
            details="Writes the same words to everybody, again and again.",
        )
    actor_id = actor.pk
    accounts.add_note(actor_id=actor_id, user_id=ava.pk, text="Called on Monday, was friendly.")
    accounts.suspend_user(actor_id=actor_id, user_id=chitra.pk, reason="Sends advertisements")
    accounts.suspend_user(
        actor_id=actor_id,
        user_id=people[3].pk,
        reason="Threatened somebody",
        until=now + timedelta(days=7),
    )
    Mail.objects.create(
        recipient=ava.email, subject="Your code", text="Hello Ava,\n\n    123456\n", created_at=now
    )
    _alerts(now)
    return Filled(people, _outbox(now))


def _alerts(now: Any) -> None:
    for kind, severity, title in (
        ("outbox_failed", "warning", "An event between the apps failed for good"),
        ("chain_broken", "critical", "The ledger does not verify"),
    ):
        raise_alert(kind=kind, key="", severity=severity, title=title, now=now)


def _credits(people: list[User], now: Any) -> None:
    for round_number in range(6):
        grants = [
            Grant(
                owner_id=user.pk,
                credits=5 + round_number,
                operation=f"grant:{new_id()}",
                kind="grant",
            )
            for user in people
        ]
        grant_many(grants, now=now + timedelta(seconds=round_number), announce=False)


def _attempts(user: User, now: Any) -> None:
    outcomes = SignInAttempt.Outcome
    for number, outcome in enumerate([outcomes.SUCCEEDED, *[outcomes.FAILED] * 3]):
        SignInAttempt.objects.create(
            email_hash="0" * 64,
            user_id=user.pk,
            outcome=outcome,
            address="198.51.100.23",
            created_at=now + timedelta(seconds=number),
        )


def _outbox(now: Any) -> UUID:
    """Two that wait for a later time and one that was given up; its id."""
    state = OutboxEvent.State
    for which, attempts in ((state.PENDING, 1), (state.PENDING, 2), (state.FAILED, 6)):
        row = OutboxEvent.objects.create(
            kind="pairly.accounts.events.MailRequested",
            handler="pairly.accounts.handlers.send_mails",
            payload="[]",
            state=which,
            attempts=attempts,
            due_at=now + timedelta(minutes=LATER),
            last_error="ConnectionRefusedError: [Errno 111] Connection refused",
            created_at=now,
        )
    return row.pk
