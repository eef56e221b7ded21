"""Pairly's side of the ledger lines: a process that is asked for one cell after another.

``python -m bench.ledger_worker PEOPLE BATCH`` in a fresh data folder; see ``bench.ledger``.
"""

import hashlib
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import django

from bench.workers import answer_cells

__all__ = ["main"]

SEALED_EVERY = 500
CREDITS_EACH = 1_000_000_000


class Ledger:
    """People with credits who spend them."""

    def __init__(self, people: int, batch: int) -> None:
        from django.conf import settings

        from pairly.core import clock
        from payments.ledger.accounts import BONUS, SALES, house_key, personal_key
        from payments.ledger.services import account_ids

        self.batch = batch
        keys = [personal_key(user_id, BONUS) for user_id in _make_people(people)]
        ids = account_ids([house_key(SALES), *keys], clock.now())
        self.sales = ids.pop(house_key(SALES))
        self.people = list(ids.values())
        self._path = settings.DATABASES["default"]["NAME"]
        self._options = settings.DATABASES["default"]["OPTIONS"]["init_command"]
        self._rows: sqlite3.Connection | None = None

    def batches(self, count: int) -> dict[str, Any]:
        """The service, ``batch`` transfers at a time, sealed on the way."""
        return self._post(count, self.batch)

    def singles(self, count: int) -> dict[str, Any]:
        return self._post(count, 1)

    def rows(self, count: int) -> dict[str, Any]:
        """The rows of such transfers put into a copy of the database by executemany alone."""
        from pairly.core import clock
        from payments.ledger.transfers import TRANSFERS, row_of

        now = clock.now()
        rows = [row_of(posting, now, "0") for posting in self._postings(count)]
        stored = [(*row[:9], str(now.replace(tzinfo=None)), *row[10:]) for row in rows]
        connection = self._copy()
        started = time.perf_counter()
        for start in range(0, count, self.batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(TRANSFERS._insert_statement, stored[start : start + self.batch])
            connection.execute("COMMIT")
        return {"seconds": time.perf_counter() - started}

    def fill(self, count: int) -> dict[str, Any]:
        """Transfers up to that many, sealed."""
        from payments.models import Transfer

        missing = count - Transfer.objects.count()
        if missing > 0:
            self._post(missing, 1_000)
        return {"transfers": Transfer.objects.count()}

    def verify(self, _count: int) -> dict[str, Any]:
        from pairly.core import clock
        from payments.ledger.verification import verify

        started = time.perf_counter()
        report = verify(clock.now())
        seconds = time.perf_counter() - started
        if not report.ok:
            raise RuntimeError(f"the ledger does not verify: {report}")
        return {"verify": seconds}

    def prove(self, count: int) -> dict[str, Any]:
        """Proofs of transfers from all over the chain, each read from the database."""
        from pairly.core import clock
        from payments.ledger.proofs import prove_any
        from payments.models import Sealed

        newest = Sealed.objects.order_by("-sequence").first()
        assert newest is not None
        step = max(1, newest.sequence // count)
        places = [min(newest.sequence, 1 + number * step) for number in range(count)]
        ids = [Sealed.objects.get(pk=place).transfer_id for place in places]
        started = time.perf_counter()
        for transfer_id in ids:
            prove_any(transfer_id=transfer_id, now=clock.now())
        return {"seconds": time.perf_counter() - started}

    def paths(self, count: int) -> dict[str, Any]:
        """Inclusion paths of as many leaves in memory, each from the leaves of a block."""
        from pairly.core.chain import inclusion_path

        leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(SEALED_EVERY)]
        started = time.perf_counter()
        for number in range(count):
            inclusion_path(leaves, number % SEALED_EVERY)
        return {"seconds": time.perf_counter() - started}

    def hash(self, _count: int) -> dict[str, Any]:
        """One SHA-256 a row over the bytes that verification hashes; only the hashing counts."""
        from pairly.core import clock
        from payments.ledger.verification import verify

        seconds = 0.0

        def sink(_block: Any, leaves: Sequence[bytes]) -> None:
            nonlocal seconds
            sha256 = hashlib.sha256
            started = time.perf_counter()
            for leaf in leaves:
                sha256(leaf).digest()
            seconds += time.perf_counter() - started

        verify(clock.now(), sink=sink)
        return {"hash": seconds}

    def _post(self, count: int, batch: int) -> dict[str, Any]:
        from pairly.core import clock
        from payments.ledger.sealing import seal_waiting
        from payments.ledger.services import post

        started = time.perf_counter()
        for done in range(batch, count + 1, batch):
            post(self._postings(batch), clock.now())
            if done % SEALED_EVERY == 0:
                seal_waiting(clock.now())
        if count % batch:
            post(self._postings(count % batch), clock.now())
        seal_waiting(clock.now())
        return {"seconds": time.perf_counter() - started}

    def _postings(self, count: int) -> list[Any]:
        from pairly.core.ids import new_id
        from payments.ledger.transfers import Posting

        postings = []
        for _ in range(count):
            operation = f"message:{new_id()}"
            payer = self.people[hash(operation) % len(self.people)]
            postings.append(Posting(operation, payer, self.sales, 1, "message", operation))
        return postings

    def _copy(self) -> sqlite3.Connection:
        """A second database file like the first, made once, with the same options."""
        if self._rows is None:
            path = f"{self._path}.rows"
            main = sqlite3.connect(self._path)
            main.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            main.close()
            shutil.copyfile(self._path, path)
            self._rows = sqlite3.connect(path, isolation_level=None)
            self._rows.executescript(f"{self._options} PRAGMA foreign_keys=ON;")
        return self._rows


def _make_people(count: int) -> list[Any]:
    from pairly.accounts.services.people import NewUser, create_users
    from pairly.core import clock
    from pairly.core.ids import new_id
    from payments.services import Grant, grant_many

    now = clock.now()
    people = [
        NewUser(
            email=f"{new_id().hex}@pairly.test",
            password_hash="",
            display_name="Load",
            birth_date=date(1990, 1, 1),
        )
        for _ in range(count)
    ]
    ids = [user.pk for user in create_users(people=people, bonus=False, now=now)]
    grants = [
        Grant(owner_id=one, credits=CREDITS_EACH, operation=f"grant:{one}", kind="grant")
        for one in ids
    ]
    grant_many(grants, now=now, announce=False)
    return ids


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    ledger = Ledger(int(sys.argv[1]), int(sys.argv[2]))
    answer_cells(
        *(ledger.batches, ledger.singles, ledger.rows),
        *(ledger.fill, ledger.verify, ledger.hash, ledger.prove, ledger.paths),
    )


if __name__ == "__main__":
    main()
