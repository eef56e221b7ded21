"""Both sides of a run, on disk and in order: memory stays the same however much they hold.

A temporary database of SQLite's own, whatever the server's database is; it has no name and is
gone when it is closed, or with the process.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import msgspec

from pairly.core.clock import to_milliseconds
from payments.reconciliation.judging import Booking, Line

__all__ = ["Spool"]

TABLE = """
CREATE TABLE entries (
    key TEXT, is_booking INTEGER, name TEXT, milliseconds INTEGER, amount INTEGER, fee INTEGER,
    currency TEXT, in_window INTEGER, body BLOB, PRIMARY KEY (key, is_booking, name)
) WITHOUT ROWID
"""
BOOKINGS_LIKE = """
SELECT key FROM entries AS one
WHERE is_booking=1 AND amount=? AND currency=? AND milliseconds BETWEEN ? AND ?
AND NOT EXISTS (SELECT 1 FROM entries WHERE key=one.key AND is_booking=0) LIMIT 2
"""
NAMELESS_LIKE = """
SELECT 1 FROM entries
WHERE is_booking=0 AND key='' AND amount=? AND currency=? AND milliseconds BETWEEN ? AND ? LIMIT 2
"""
INSERT = "INSERT OR IGNORE INTO entries VALUES (?,?,?,?,?,?,?,?,?)"

_encode = msgspec.msgpack.Encoder().encode
_read_line = msgspec.msgpack.Decoder(Line).decode
_read_booking = msgspec.msgpack.Decoder(Booking).decode


class Spool:
    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def add_lines(self, lines: Iterable[Line]) -> None:
        self._database.executemany(INSERT, map(_row_of_line, lines))

    def add_bookings(self, bookings: Iterable[Booking]) -> None:
        """One that is there already is not added again."""
        self._database.executemany(INSERT, map(_row_of_booking, bookings))

    def name_the_nameless(self, tolerance: timedelta) -> None:
        """Lines that name nothing belong to the one transfer of their amount, currency and time
        that no line names, if it is the only one and they are the only such line."""
        rows = self._all("SELECT name, amount, currency, milliseconds FROM entries WHERE key=''")
        if not rows:
            return
        self._database.execute("CREATE INDEX by_amount ON entries (is_booking, amount, currency)")
        # All are decided on before any is changed, so that their order does not matter.
        keys = [
            (self._only_candidate(amount, currency, at, tolerance) or f"line:{name}", name)
            for name, amount, currency, at in rows
        ]
        self._database.executemany("UPDATE entries SET key=? WHERE key='' AND name=?", keys)

    def groups(self) -> Iterator[tuple[list[Line], list[Booking]]]:
        """What belongs together, lines and transfers, one movement after another."""
        statement = "SELECT key, is_booking, body FROM entries ORDER BY key, is_booking, name"
        with closing(self._database.execute(statement)) as rows:
            for _key, group in groupby(rows, key=lambda row: row[0]):
                lines: list[Line] = []
                bookings: list[Booking] = []
                for _same, is_booking, body in group:
                    if is_booking:
                        bookings.append(_read_booking(body))
                    else:
                        lines.append(_read_line(body))
                yield lines, bookings

    def totals(self) -> dict[str, dict[str, int]]:
        """By currency, of the time that is asked about, in minor units."""
        rows = self._all(
            "SELECT currency, is_booking, SUM(amount), SUM(fee) FROM entries WHERE in_window "
            "GROUP BY currency, is_booking"
        )
        found: dict[str, dict[str, int]] = {}
        for currency, is_booking, amount, fees in rows:
            total = found.setdefault(currency, {"statement": 0, "ledger": 0, "fees": 0})
            total["ledger" if is_booking else "statement"] = amount
            total["fees"] += fees
        return found

    def counts(self) -> tuple[int, int]:
        """Lines and transfers of the time that is asked about."""
        rows = dict(
            self._all("SELECT is_booking, COUNT(*) FROM entries WHERE in_window GROUP BY 1")
        )
        return rows.get(0, 0), rows.get(1, 0)

    def _only_candidate(
        self, amount: int, currency: str, at: int, tolerance: timedelta
    ) -> str | None:
        near = tolerance // timedelta(milliseconds=1)
        values = (amount, currency, at - near, at + near)
        keys, lines = self._all(BOOKINGS_LIKE, values), self._all(NAMELESS_LIKE, values)
        return keys[0][0] if len(keys) == len(lines) == 1 else None

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._database.execute(statement, values).fetchall()


def _row_of_line(one: Line) -> tuple[Any, ...]:
    line = one.line
    return (
        *(one.key, 0, line.line_ref, to_milliseconds(line.at), line.amount_minor),
        *(line.fee_minor, line.currency, one.in_window, _encode(one)),
    )


def _row_of_booking(one: Booking) -> tuple[Any, ...]:
    return (
        *(one.key, 1, one.transfer_id, to_milliseconds(one.at), one.amount_minor),
        *(0, one.currency, one.in_window, _encode(one)),
    )
