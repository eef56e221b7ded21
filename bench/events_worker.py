"""Both sides of the line of ingest: a process that is asked for one cell after another.

``python -m bench.events_worker PEOPLE BATCH`` in a fresh data folder; see ``bench.events``.
"""

import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import django

from bench.workers import answer_cells

__all__ = ["main"]


class Ingest:
    """Clients that tell what they do, ``batch`` events in a request."""

    def __init__(self, people: int, batch: int) -> None:
        from django.conf import settings

        from pairly.core.ids import new_id

        self.batch = batch
        self.people = [new_id() for _ in range(people)]
        self._path = settings.DATABASES["default"]["NAME"]
        self._options = settings.DATABASES["default"]["OPTIONS"]["init_command"]
        self._rows: sqlite3.Connection | None = None

    def taken(self, count: int) -> dict[str, Any]:
        """Requests as they come: bytes to rows to one commit each."""
        import orjson

        from analytics.arrivals import look_at
        from analytics.services.ingest import ingest
        from pairly.core import clock
        from pairly.core.batching import events_writer

        bodies = [(user, orjson.dumps({"events": one})) for user, one in self._requests(count)]
        started = time.perf_counter()
        for user_id, body in bodies:
            events = orjson.loads(body)["events"]
            arrival = look_at(
                user_id=user_id, events=events, sent_at=None, platform="ios", now=clock.now()
            )
            stored = events_writer.call(ingest, arrival)
            if stored.accepted != self.batch:
                raise RuntimeError(f"{stored} of {self.batch} events were taken")
        return {"seconds": time.perf_counter() - started}

    def rows(self, count: int) -> dict[str, Any]:
        """The rows of such requests put into a copy of the database by executemany alone."""
        from analytics.arrivals import look_at
        from analytics.rows import EVENTS
        from pairly.core import clock

        now = clock.now()
        arrivals = [
            look_at(user_id=user, events=events, sent_at=None, platform="ios", now=now)
            for user, events in self._requests(count)
        ]
        batches = [list(EVENTS._encoded(EVENTS.columns, list(a.rows.values()))) for a in arrivals]
        connection = self._copy()
        started = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(EVENTS._insert_statement, batch)
            connection.execute("COMMIT")
        return {"seconds": time.perf_counter() - started}

    def _requests(self, count: int) -> Iterator[tuple[UUID, list[dict[str, Any]]]]:
        from pairly.core import clock
        from pairly.core.ids import new_id

        at = clock.to_rfc3339(clock.now())
        for number in range(count // self.batch):
            session = new_id().hex
            events = [
                {
                    "id": str(new_id()),
                    "name": "screen_viewed",
                    "at": at,
                    "session_id": session,
                    "props": {"screen": f"screen {place % 7}"},
                }
                for place in range(self.batch)
            ]
            yield self.people[number % len(self.people)], events

    def _copy(self) -> sqlite3.Connection:
        """A second database file like the first, made once, with the same options."""
        if self._rows is None:
            path = f"{self._path}.rows"
            main = sqlite3.connect(self._path)
            main.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            main.close()
            shutil.copyfile(self._path, path)
            self._rows = sqlite3.connect(path, isolation_level=None)
            self._rows.executescript(self._options)
        return self._rows


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    ingest = Ingest(int(sys.argv[1]), int(sys.argv[2]))
    answer_cells(ingest.taken, ingest.rows)


if __name__ == "__main__":
    main()
