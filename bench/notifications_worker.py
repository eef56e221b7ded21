"""Both sides of the lines about notifications in one process.

``python -m bench.notifications_worker`` in a fresh data folder; see ``bench.notifications``. With
``share`` it is one more that only sends, beside the first.
"""

import shutil
import sqlite3
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

import django

from bench.workers import answer_cells

__all__ = ["main"]

BATCH = 100
KIND = "security.password_changed"
"""On every channel, at once: one of them waits for the sender of pushes."""


class Taker:
    channel = "push"

    def send(self, outgoing: Sequence[Any]) -> Sequence[Any]:
        from notifications.channels import Outcome, Result

        return [Result(Outcome.SENT, "taken")] * len(outgoing)


class Bell:
    def __init__(self) -> None:
        from django.conf import settings

        from notifications import channels
        from pairly.accounts.services import NewUser, create_users
        from pairly.core import clock
        from pairly.core.db import run_atomic

        channels.register(Taker())  # type: ignore[arg-type]
        wishes = [
            NewUser(
                email=f"{uuid.uuid4().hex}@example.test",
                password_hash="!",
                display_name="Ava",
                birth_date=clock.now().date().replace(year=1990),
            )
            for _ in range(1000)
        ]
        users = run_atomic(lambda: create_users(people=wishes, bonus=False, now=clock.now()))
        self._people = [user.pk for user in users]
        self._path = settings.DATABASES["default"]["NAME"]
        self._options = settings.DATABASES["default"]["OPTIONS"]["init_command"]

    def tell(self, count: int) -> dict[str, Any]:
        """So many notifications, one delivery of each being a push."""
        from notifications.services.telling import Wish, notify

        started = time.perf_counter()
        for first in range(0, count, BATCH):
            people = [self._people[(first + n) % len(self._people)] for n in range(BATCH)]
            notify(
                [
                    Wish(user_id=one, kind=KIND, dedupe_key=uuid.uuid4().hex, context={"at": "now"})
                    for one in people
                ]
            )
        return {"seconds": time.perf_counter() - started}

    def send(self, count: int) -> dict[str, Any]:
        """The pushes that were told before."""
        from notifications.dispatch import dispatch
        from notifications.kinds import Lane

        started = time.perf_counter()
        sent = dispatch(Lane.PUSH)
        seconds = time.perf_counter() - started
        if sent != count:
            raise RuntimeError(f"{sent} of {count} deliveries were sent")
        return {"seconds": seconds}

    def twice(self, _count: int) -> dict[str, Any]:
        """How many deliveries more than one attempt was made of, and how many are not sent."""
        from notifications.models import Delivery

        pushes = Delivery.objects.filter(channel="push")
        return {
            "twice": pushes.filter(attempts__gt=1).count(),
            "unsent": pushes.exclude(state=Delivery.State.SENT).count(),
        }

    def rows(self, count: int) -> dict[str, Any]:
        """As many rows of deliveries into a copy of the database."""
        path = f"{self._path}.rows"
        main = sqlite3.connect(self._path)
        main.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        main.close()
        shutil.copyfile(self._path, path)
        copy = sqlite3.connect(path, isolation_level=None)
        copy.executescript(f"{self._options} PRAGMA foreign_keys=OFF;")
        columns = [row[1] for row in copy.execute("PRAGMA table_info(notifications_delivery)")]
        newest = copy.execute("SELECT * FROM notifications_delivery LIMIT 1").fetchone()
        like = dict(zip(columns, newest, strict=True))
        holes = ",".join("?" * len(columns))
        rows = [
            tuple((like | {"_id": uuid.uuid4().hex, "notification_id": uuid.uuid4().hex}).values())
            for _ in range(count)
        ]
        statement = f"INSERT INTO notifications_delivery VALUES ({holes})"
        started = time.perf_counter()
        for first in range(0, count, BATCH):
            copy.execute("BEGIN IMMEDIATE")
            copy.executemany(statement, rows[first : first + BATCH])
            copy.execute("COMMIT")
        seconds = time.perf_counter() - started
        copy.close()
        return {"seconds": seconds}


def share(_count: int) -> dict[str, Any]:
    """Send what others leave, until nothing is due; how many that were."""
    from notifications.dispatch import dispatch
    from notifications.kinds import Lane

    return {"sent": dispatch(Lane.PUSH)}


def main() -> None:
    django.setup()
    if "share" in sys.argv[1:]:
        from notifications import channels

        channels.register(Taker())  # type: ignore[arg-type]
        answer_cells(share)
        return
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    bell = Bell()
    answer_cells(bell.tell, bell.send, bell.twice, bell.rows)


if __name__ == "__main__":
    main()
