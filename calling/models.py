"""Calls, who is in one, and when silence was last looked for.

A call has one row, and every change of it is a compare-and-set on its ``version``. What is held and
charged for it is in the ledger, under names made of its id.
"""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models

from calling.grades import Grade
from calling.states import LIVE, Reason, Status
from calling.tariff import Tariff
from pairly.core.ids import new_id

__all__ = [
    "CLIENT_ID_CHARACTERS_MAX",
    "Call",
    "CallRefund",
    "Low",
    "Media",
    "MetInvite",
    "Quality",
    "Signal",
    "Signalling",
    "Slot",
    "Watch",
    "client_key",
]

CLIENT_ID_CHARACTERS_MAX = 64
CLIENT_KEY_CHARACTERS_MAX = 32 + CLIENT_ID_CHARACTERS_MAX
MILLISECOND = timedelta(milliseconds=1)


def client_key(caller_id: UUID, client_id: str) -> str:
    """A person's name for one invite, unique for ever."""
    return caller_id.hex + client_id


class Media(models.TextChoices):
    AUDIO = "audio", "Audio"
    VIDEO = "video", "Video"


class Low(models.IntegerChoices):
    """What the caller was told of the credits that are left."""

    NOTHING = 0
    SOON = 1
    LAST = 2


class Call(models.Model):
    """One call. The quote is fixed when it is made, whatever prices and settings become.

    ``caller_seen_at`` and ``callee_seen_at`` are the last signs of life; a write of theirs is all
    that a heartbeat costs. ``due_at`` is when a sweeper looks next, and null once it has ended.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    version = models.BigIntegerField(default=0, help_text="grows with every change of the row")
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    callee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    client_key = models.CharField(max_length=CLIENT_KEY_CHARACTERS_MAX, unique=True)
    media = models.CharField(max_length=8, choices=Media)
    status = models.CharField(max_length=8, choices=Status, default=Status.RINGING)
    end_reason = models.CharField(max_length=12, choices=Reason, default="", blank=True)
    ended_by_id = models.UUIDField(null=True)

    credits_per_minute = models.PositiveIntegerField()
    minute_seconds = models.PositiveIntegerField()
    increment_seconds = models.PositiveIntegerField()
    share_percent = models.PositiveSmallIntegerField()

    caller_device_id = models.UUIDField()
    callee_device_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    caller_media_at = models.DateTimeField(null=True)
    callee_media_at = models.DateTimeField(null=True)
    caller_seen_at = models.DateTimeField()
    callee_seen_at = models.DateTimeField(help_text="its making, until the callee answers")

    held_minutes = models.PositiveIntegerField(default=0, help_text="ever held, charged ones too")
    charged_minutes = models.PositiveIntegerField(default=0)
    credits = models.PositiveBigIntegerField(default=0, help_text="charged so far")
    refunded = models.PositiveBigIntegerField(default=0, help_text="credits staff gave back")
    billed_seconds = models.PositiveIntegerField(default=0)
    low_told = models.PositiveSmallIntegerField(choices=Low, default=Low.NOTHING)
    due_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["status", "due_at"], name="call_due"),
            models.Index(fields=["caller", "-id"], name="call_by_caller"),
            models.Index(fields=["callee", "-id"], name="call_by_callee"),
        ]

    def __str__(self) -> str:
        return f"call {self.id}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def tariff(self) -> Tariff:
        return Tariff(
            self.credits_per_minute, self.minute_seconds * 1000, self.increment_seconds * 1000
        )

    @property
    def people(self) -> tuple[UUID, UUID]:
        return self.caller_id, self.callee_id

    def has(self, user_id: UUID) -> bool:
        return user_id in self.people

    def side_of(self, user_id: UUID) -> str:
        """``caller`` or ``callee``, as the columns of that side begin."""
        return "caller" if user_id == self.caller_id else "callee"

    def peer_of(self, user_id: UUID) -> UUID:
        return self.callee_id if user_id == self.caller_id else self.caller_id

    def device_of(self, user_id: UUID) -> UUID | None:
        """The device that this person's side is bound to."""
        return self.caller_device_id if user_id == self.caller_id else self.callee_device_id

    @property
    def seen_at(self) -> datetime:
        """The last sign of life of the weaker side."""
        return min(self.caller_seen_at, self.callee_seen_at)

    def talked(self, moment: datetime) -> int:
        """Milliseconds from the start of media to that moment, at least none."""
        if self.connected_at is None:
            return 0
        return max(0, (moment - self.connected_at) // MILLISECOND)

    def start_of_minute(self, number: int) -> datetime:
        """When that minute of an active call begins, counted from 1 on."""
        assert self.connected_at is not None
        return self.connected_at + (number - 1) * timedelta(seconds=self.minute_seconds)


class MetInvite(models.Model):
    """An invite that met a call of the other way round and accepted it, by its client key: sent
    again it is that call again."""

    client_key = models.CharField(
        primary_key=True, max_length=CLIENT_KEY_CHARACTERS_MAX, editable=False, db_column="_id"
    )
    call_id = models.UUIDField()

    def __str__(self) -> str:
        return f"invite that met call {self.call_id}"


class Slot(models.Model):
    """A person and the live call they are in, if any.

    The row that guards who may be in which call: whoever begins or ends a call of theirs, blocks
    or suspends them writes it, by compare-and-set on ``version``, so no two of these can both
    succeed in ignorance of each other.
    """

    user_id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    call_id = models.UUIDField(null=True)
    version = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"slot of {self.user_id}"


class Watch(models.Model):
    """One row: when silence was last looked for, and since when without a break.

    While nobody looks nobody may be able to report either, so such a break of ours is not held
    against the people in a call.
    """

    id = models.CharField(primary_key=True, max_length=8, db_column="_id", editable=False)
    swept_at = models.DateTimeField()
    resumed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} at {self.swept_at}"


class Signalling(models.Model):
    """What the two devices of a live call have told each other so far; gone with its end.

    Every signal writes it, by compare-and-set on ``version``, the number of the newest signal.
    The first one of a call writes the call too, so none slips in beside its end; so does each that
    waits for the answer, so none slips in beside that.
    """

    call_id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    version = models.PositiveIntegerField(default=0)
    caller_candidates = models.PositiveSmallIntegerField(
        default=0, help_text="of its newest description"
    )
    callee_candidates = models.PositiveSmallIntegerField(default=0)
    caller_described = models.BooleanField(default=False)
    callee_described = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"signalling of {self.call_id}"


class Signal(models.Model):
    """A signal that is kept for a device that missed it: of each side the newest description, its
    candidates, and the newest wish to restart. The key names the place, so no more can be kept."""

    id = models.CharField(primary_key=True, max_length=48, db_column="_id", editable=False)
    number = models.PositiveIntegerField(help_text="in the order of the call, from 1 on")
    kind = models.CharField(max_length=9)
    payload = models.TextField(help_text="JSON as it came")

    def __str__(self) -> str:
        return self.id


class Quality(models.Model):
    """What one person's devices reported of the media of one call: sums over the reports."""

    id = models.CharField(primary_key=True, max_length=65, db_column="_id", editable=False)
    version = models.PositiveIntegerField(default=0, help_text="how many reports")
    call_id = models.UUIDField()
    user_id = models.UUIDField()
    rtt_ms_sum = models.PositiveBigIntegerField(default=0)
    jitter_ms_sum = models.PositiveBigIntegerField(default=0)
    loss_permille_sum = models.PositiveBigIntegerField(default=0)
    good = models.PositiveIntegerField(default=0, help_text="reports of that grade")
    poor = models.PositiveIntegerField(default=0)
    resolution = models.CharField(max_length=11, blank=True, help_text="of the newest report")
    grade = models.CharField(max_length=4, choices=Grade, help_text="of all reports together")
    reported_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user_id", "call_id"], name="quality_by_user")]

    def __str__(self) -> str:
        return f"quality {self.id}"

    @property
    def rtt_ms(self) -> int:
        return self.rtt_ms_sum // max(1, self.version)

    @property
    def jitter_ms(self) -> int:
        return self.jitter_ms_sum // max(1, self.version)

    @property
    def loss_percent(self) -> float:
        return self.loss_permille_sum // max(1, self.version) / 10


class CallRefund(models.Model):
    """Credits of a call that staff gave back; why, the audit log knows. The operation's id."""

    id = models.UUIDField(primary_key=True, editable=False, db_column="_id")
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="+")
    credits = models.PositiveBigIntegerField()
    actor_id = models.UUIDField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.credits} credits of {self.call_id}"
