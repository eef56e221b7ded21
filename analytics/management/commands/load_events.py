"""``manage.py load_events``: made-up people and their events, to see reports with something in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.engine import connect
from analytics.people import write_people
from analytics.services.days import day_row, switch, write_day
from analytics.services.moving import move_all
from analytics.synthetic import make_day, prepare
from pairly.accounts.services import NewUser, create_users
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all

COUNTRIES = ("IN", "IN", "IN", "US", "BR", "DE")
PLATFORMS = ("android", "android", "android", "ios", "ios", "web")
MADE_AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Make people who register over some days and behave like real ones, and store their events "
        "in the files of these days: 3,000 people over 90 days make half a million, 65,000 ten "
        "million. For trying out alone: nothing tells made-up people from others afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=500)
        parser.add_argument("--days", type=int, default=60)
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same behaviour")
        parser.add_argument("--force", action="store_true", help="in production mode as well")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MOCK_MODE and not options["force"]:
            raise CommandError("This is production; made-up people would be counted for ever.")
        if options["people"] < 1 or not 1 <= options["days"] <= settings.ANALYTICS_KEEP_DAYS:
            raise CommandError("Give at least one person, and days within ANALYTICS_KEEP_DAYS.")
        today = clock.now().date()
        days = [today - timedelta(days=n) for n in range(options["days"], 0, -1)]
        people = pa.concat_tables(self._people(options["people"], days))
        dispatch_all()
        count = sum(self._load(people, days, options["seed"]))
        now = clock.now()
        move_all(now)
        write_people(now)
        self.stdout.write(f"{people.num_rows} people, {count} events.")

    def _people(self, count: int, days: list[date]) -> Iterator[pa.Table]:
        """More register on later days, as where something grows."""
        number, run = 0, new_id().hex[-12:]
        weights = [len(days) // 4 + n for n in range(len(days))]
        for position, day in enumerate(days):
            upto = count * sum(weights[: position + 1]) // max(sum(weights), 1)
            upto = count if position == len(days) - 1 else upto
            while number < upto:
                part = range(number, min(number + MADE_AT_ONCE, upto))
                yield _registered(day, [_person(run, n) for n in part], part)
                number = part.stop
                self._say(f"{number} of {count} people")

    def _load(self, people: pa.Table, days: list[date], seed: int) -> Iterator[int]:
        with connect() as connection:
            prepare(connection, people)
            for day in days:
                now = clock.now()
                events = make_day(connection, day, seed)
                row = day_row(day, now)
                switch(row, write_day(row, added=events), now=now)
                self._say(f"{day}: {events.num_rows} events")
                yield events.num_rows

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _person(run: str, number: int) -> NewUser:
    return NewUser(
        email=f"{run}-{number}@example.com",
        password_hash="!",  # noqa: S106 - nobody can sign in
        display_name=f"Person {number}",
        birth_date=date(1995, 1, 1),
        country=COUNTRIES[number % len(COUNTRIES)],
        platform=PLATFORMS[number % len(PLATFORMS)],
    )


def _registered(day: date, people: list[NewUser], numbers: range) -> pa.Table:
    morning = datetime.combine(day, time(6), UTC)
    users = create_users(people=people, bonus=False, now=morning)
    ids: list[UUID] = [user.pk for user in users]
    return pa.table(
        {
            "user_id": [str(user_id) for user_id in ids],
            "joined": pa.array([day] * len(ids), pa.date32()),
            "platform": [PLATFORMS[n % len(PLATFORMS)] for n in numbers],
        }
    )
