"""``manage.py rollup``: take what waits, now."""

from typing import Any

from django.core.management.base import BaseCommand

from analytics.services.messages import take_messages
from analytics.services.moving import move_all
from pairly.core import clock


class Command(BaseCommand):
    help = (
        "Read the facts of messages and move every pending event into its day's file, today's too. "
        "The scheduler does so by itself; safe to run at any time, and again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        messages, events = take_messages(now), move_all(now)
        self.stdout.write(f"{messages} messages read, {events} events moved.")
