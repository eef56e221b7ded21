"""What analytics adds to a person's own data."""

from typing import Any
from uuid import UUID

from analytics.engine import EVENT_COLUMNS, connect, show_files
from analytics.models import Day, Event
from pairly.core import clock

__all__ = ["events_of"]

KEPT = """
SELECT name, strftime("at", '%Y-%m-%dT%H:%M:%S.%gZ'), session_id, props, platform FROM stored
WHERE user_id = ? ORDER BY "at", event_id
"""


def events_of(user_id: UUID) -> list[dict[str, Any]]:
    """Every event of theirs: those in files, then those that are not in one yet."""
    pending = Event.objects.filter(user_id=user_id, pending_day__gt="").order_by("at")
    rows = [
        (event.name, clock.to_rfc3339(event.at), event.session_id, event.props, event.platform)
        for event in pending
    ]
    names = (
        Day.objects.exclude(events_file="").order_by("day").values_list("events_file", flat=True)
    )
    with connect() as connection:
        show_files(connection, "stored", list(names), EVENT_COLUMNS)
        found = connection.execute(KEPT, [user_id]).fetchall()
    columns = ("name", "at", "session_id", "props", "platform")
    return [dict(zip(columns, row, strict=True)) for row in (*found, *rows)]
