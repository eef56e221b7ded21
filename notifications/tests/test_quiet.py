"""Quiet hours by the clock where somebody lives."""

from datetime import UTC, datetime

import pytest

from notifications.quiet import quiet_until

BERLIN, KOLKATA, NEW_YORK = "Europe/Berlin", "Asia/Kolkata", "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "start", "end", "until"),
    [
        # Over midnight, in a zone with half an hour.
        ("2026-03-02T16:29", KOLKATA, "22:00", "08:00", None),
        ("2026-03-02T16:30", KOLKATA, "22:00", "08:00", "2026-03-03T02:30"),
        ("2026-03-03T02:29", KOLKATA, "22:00", "08:00", "2026-03-03T02:30"),
        ("2026-03-03T02:30", KOLKATA, "22:00", "08:00", None),
        # Within a day, none, all but a minute, and a zone that nobody knows.
        ("2026-03-02T12:30", "UTC", "12:00", "13:00", "2026-03-02T13:00"),
        ("2026-03-02T13:00", "UTC", "12:00", "13:00", None),
        ("2026-03-02T12:30", "UTC", "", "", None),
        ("2026-03-02T12:30", "UTC", "12:01", "12:00", "2026-03-03T12:00"),
        ("2026-03-02T12:30", "Mars/Olympus", "12:00", "13:00", "2026-03-02T13:00"),
        # The clock goes forward at two: the night is an hour shorter.
        ("2026-03-28T23:00", BERLIN, "23:00", "07:00", "2026-03-29T05:00"),
        # It skips the end: as long as if it had not.
        ("2026-03-08T06:00", NEW_YORK, "22:00", "02:30", "2026-03-08T07:30"),
        # It skips the start: from when it skips.
        ("2026-03-29T00:59", BERLIN, "02:30", "07:00", None),
        ("2026-03-29T01:00", BERLIN, "02:30", "07:00", "2026-03-29T05:00"),
        # It goes back at three, and shows half past two twice: the second counts.
        ("2026-10-25T00:30", BERLIN, "22:00", "02:30", "2026-10-25T01:30"),
        ("2026-10-25T01:00", BERLIN, "22:00", "02:30", "2026-10-25T01:30"),
        ("2026-10-25T01:30", BERLIN, "22:00", "02:30", None),
    ],
)
def test_quiet_until(now: str, zone: str, start: str, end: str, until: str | None) -> None:
    wanted = None if until is None else at(until)
    assert quiet_until(at(now), zone, start, end) == wanted
