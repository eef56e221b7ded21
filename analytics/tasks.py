"""Background work of analytics; ``pairly/schedule.py`` says when."""

from analytics import people
from analytics.services import erasing, keeping, messages, moving
from pairly.core import clock

__all__ = [
    "erase_forgotten",
    "move_events",
    "remove_old_events",
    "remove_stray_files",
    "take_messages",
    "write_people",
]


def take_messages() -> int:
    """Facts of the messages of the last minutes; of how many messages."""
    return messages.take_due_messages(clock.now())


def move_events() -> int:
    """Pending events into the files of their days; how many."""
    return moving.move_due(clock.now())


def erase_forgotten() -> int:
    """Take who is to be forgotten out of rows and files; how many people."""
    now = clock.now()
    erasing.forget_staff(now)
    return erasing.erase_due(now)


def write_people() -> int:
    """A new file of everybody; how many they are."""
    return people.write_people(clock.now())


def remove_old_events() -> int:
    """Rows and days that have served their time; how many rows."""
    return keeping.remove_old_events(clock.now())


def remove_stray_files() -> int:
    """Files that no day names any more; how many."""
    return keeping.remove_stray_files(clock.now())
