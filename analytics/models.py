"""Events as they arrive, and which file holds the events of a day.

An event's row is what makes a repeat known; it stays for as long as a repeat would be taken. Its
day's file holds it for good. ``pending_day`` says which of the two a report reads it from, and
changes in the transaction that switches the day to a file which holds the event.
"""

from typing import ClassVar

from django.db import models

from pairly.core.ids import new_id

__all__ = [
    "CompletedProfile",
    "Day",
    "Erasure",
    "Event",
    "PeopleFile",
    "Progress",
    "SetAside",
]

DAY_CHARACTERS = 10
FILE_NAME_CHARACTERS_MAX = 80
NAME_CHARACTERS_MAX = 40
SESSION_CHARACTERS_MAX = 64
PLATFORM_CHARACTERS_MAX = 10


class Event(models.Model):
    """What somebody did. The id is made of who says so and of the name they gave to the event."""

    id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    user_id = models.UUIDField()
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    at = models.DateTimeField(help_text="by our clock")
    session_id = models.CharField(max_length=SESSION_CHARACTERS_MAX, blank=True)
    props = models.TextField(help_text="JSON object")
    activity = models.BooleanField(help_text="whether it makes the person active")
    platform = models.CharField(max_length=PLATFORM_CHARACTERS_MAX, blank=True)
    pending_day = models.CharField(
        max_length=DAY_CHARACTERS,
        blank=True,
        help_text="its UTC day, until that day's file holds it",
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["pending_day", "at"], name="event_pending_at"),
            models.Index(fields=["user_id"], name="event_of_user"),
            models.Index(fields=["at"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"


class Day(models.Model):
    """The files that hold a UTC day. Each change of the row is a compare-and-set on ``version``;
    a file is never written twice, the row is switched to a new one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    day = models.DateField(unique=True)
    version = models.PositiveIntegerField(default=0)
    events_file = models.CharField(max_length=FILE_NAME_CHARACTERS_MAX, blank=True)
    activity_file = models.CharField(max_length=FILE_NAME_CHARACTERS_MAX, blank=True)
    counts_file = models.CharField(max_length=FILE_NAME_CHARACTERS_MAX, blank=True)
    events = models.PositiveBigIntegerField(default=0)
    people = models.PositiveBigIntegerField(default=0, help_text="active on the day")
    rollups_sha256 = models.CharField(max_length=64, blank=True, help_text="of both roll-ups")
    erased_people = models.PositiveIntegerField(
        default=0, help_text="whose events were here and are gone"
    )
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.day.isoformat()


class PeopleFile(models.Model):
    """Everybody who was there when it was written; the newest row counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    file = models.CharField(max_length=FILE_NAME_CHARACTERS_MAX)
    people = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file


class SetAside(models.Model):
    """An event of a client that was refused, kept for a while so that somebody can see why."""

    id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    user_id = models.UUIDField()
    name = models.CharField(max_length=NAME_CHARACTERS_MAX, blank=True)
    code = models.CharField(max_length=30)
    detail = models.CharField(max_length=200)
    content = models.TextField(help_text="the event as it came, cut")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "event set aside"
        verbose_name_plural = "events set aside"
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="set_aside_newest"),
            models.Index(fields=["code", "-created_at", "-id"], name="set_aside_by_code"),
            models.Index(fields=["user_id"], name="set_aside_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.code}"


class Erasure(models.Model):
    """Somebody whose events are to go, or are gone, from rows and files; the row stays, so that
    what still comes of theirs is not taken."""

    id = models.UUIDField(
        primary_key=True, editable=False, db_column="_id", help_text="the person's"
    )
    requested_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["done_at", "requested_at"], name="erasure_due"),
            models.Index(fields=["requested_at"], name="erasure_newest"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CompletedProfile(models.Model):
    """Somebody who had a photo and a bio for the first time; it happens once in a life."""

    id = models.UUIDField(
        primary_key=True, editable=False, db_column="_id", help_text="the person's"
    )
    completed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)


class Progress(models.Model):
    """How far what another app keeps was read."""

    name = models.CharField(primary_key=True, max_length=20, editable=False, db_column="_id")
    last_id = models.UUIDField()

    def __str__(self) -> str:
        return self.name
