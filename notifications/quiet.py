"""Quiet hours: from one time of the day to another where a person lives, perhaps over midnight."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["parse_time", "quiet_until"]

MINUTE = timedelta(minutes=1)
HOUR_AND_MINUTE = re.compile(r"\d\d:\d\d", re.ASCII)


def parse_time(text: str) -> time:
    """``HH:MM``. Raises ``ValueError``."""
    if not HOUR_AND_MINUTE.fullmatch(text):
        raise ValueError(f"{text!r} is no HH:MM")
    return time.fromisoformat(text)


def quiet_until(now: datetime, zone_name: str, start: str, end: str) -> datetime | None:
    """When the quiet that reigns now is over; None when it does not reign.

    The clock of the person's zone decides. Where it skips the start, quiet begins as it skips;
    where it skips the end, quiet lasts as long as if it had not; where it shows the end twice,
    until the second of the two.
    """
    if not start or start == end:
        return None
    zone = _zone(zone_name)
    begins, ends = parse_time(start), parse_time(end)
    local = now.astimezone(zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        last_day = day if begins < ends else day + timedelta(days=1)
        opened = _beginning(day, begins, zone)
        closed = _moment(last_day, ends, zone, fold=1)
        if opened <= now < closed:
            return closed
    return None


def _beginning(day: date, at: time, zone: ZoneInfo) -> datetime:
    moment = _moment(day, at, zone, fold=0)
    wanted = datetime.combine(day, at)
    while (moment - MINUTE).astimezone(zone).replace(tzinfo=None) >= wanted:
        moment -= MINUTE
    return moment


def _moment(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """``fold`` says which of two, where the clock shows the time twice."""
    wanted = datetime.combine(day, at, tzinfo=zone).replace(fold=fold)
    return wanted.replace(fold=0 if _is_skipped(wanted) else fold).astimezone(UTC)


def _is_skipped(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None, fold=0) != (
        local.replace(tzinfo=None, fold=0)
    )


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
