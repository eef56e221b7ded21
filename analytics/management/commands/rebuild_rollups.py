"""``manage.py rebuild_rollups``: the daily roll-ups made anew from the files of events."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics.models import Day
from analytics.services.moving import rebuild_rollups
from pairly.core import clock


class Command(BaseCommand):
    help = (
        "Make the roll-ups of every day (or of a range) from nothing but its events, and put them "
        "in place where they had been others or were lost. Equal ones are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--first", type=date.fromisoformat, help="the first day, YYYY-MM-DD")
        parser.add_argument("--last", type=date.fromisoformat, help="the last day")

    def handle(self, *args: Any, **options: Any) -> None:
        days = Day.objects.exclude(events_file="").order_by("day")
        if options["first"]:
            days = days.filter(day__gte=options["first"])
        if options["last"]:
            days = days.filter(day__lte=options["last"])
        now, changed, count = clock.now(), 0, 0
        for day in days:
            count += 1
            if rebuild_rollups(day, now):
                changed += 1
                self.stdout.write(f"{day.day} had other roll-ups")
        self.stdout.write(f"{count} days made anew, {changed} had been others.")
