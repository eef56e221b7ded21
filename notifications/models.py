"""What people were told, how it went on each channel, and how they wish to be told."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from notifications.broadcasts.models import TITLE_LENGTH_MAX, Broadcast
from notifications.kinds import CHANNELS, Lane
from pairly.core.ids import new_id

__all__ = ["Broadcast", "Delivery", "Notification", "Preferences", "dedupe_key_of"]

KEY_LENGTH_MAX = 200


def dedupe_key_of(user_id: Any, key: str) -> str:
    """Unique over everybody, so that one index and one look-up serve."""
    return f"{user_id.hex}:{key}"


class Notification(models.Model):
    """Something one person is told, once for each ``dedupe_key``.

    ``open``: neither read nor deleted, and no newer one of its ``collapse_key`` has taken its
    place. ``listed``: in the person's list. ``title`` and ``body`` are the words of the list;
    the other channels make theirs from ``context`` when they send.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=32 + 1 + KEY_LENGTH_MAX, unique=True)
    collapse_key = models.CharField(max_length=KEY_LENGTH_MAX, blank=True)
    count = models.PositiveIntegerField(default=1, help_text="of how many happenings it tells")
    context = models.JSONField(help_text="what its texts are made of")
    data = models.JSONField(help_text="what a client opens")
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    body = models.TextField()
    template_version = models.CharField(max_length=16, help_text="of the text of the list")
    open = models.BooleanField(default=True)
    listed = models.BooleanField(default=True)
    expires_at = models.DateTimeField(help_text="no channel sends it from then on")
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["user", "-id"], condition=Q(listed=True), name="notification_list"
            ),
            models.Index(
                fields=["user", "collapse_key"], condition=Q(open=True), name="notification_open"
            ),
            models.Index(fields=["user", "-id"], name="notification_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"


class Delivery(models.Model):
    """One notification on one channel. Its row guards it: whoever sends holds ``claim``.

    ``due_at`` is when to look at it next: an attempt, or the lapse of a claim; none when it has
    come to an end. One that ``is_digest`` tells of all that joined it, the oldest of which was made
    at its ``created_at``. While it waits, ``digest`` names person and channel, so that there is one
    at a time, and who joins it writes ``gathered``: whatever joined before it was claimed is told.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        FAILED = "failed", "Failed, will be tried again"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        OPENED = "opened", "Opened"
        SKIPPED = "skipped", "Skipped"
        DEAD = "dead", "Dead letter"

    class Reason(models.TextChoices):
        """Why it was skipped."""

        NONE = "", "–"
        REFUSED = "refused", "The person does not want it"
        ACTIVE = "active", "An active device showed it"
        READ = "read", "Read before"
        COLLAPSED = "collapsed", "A newer one took its place"
        DIGESTED = "digested", "Told in a digest"
        EXPIRED = "expired", "Too late"
        NO_ADDRESS = "no_address", "Nowhere to send it"

    class Receipt(models.TextChoices):
        """What was heard of it since it was handed over; the later stand above the earlier."""

        NONE = "", "–"
        DELIVERED = "delivered", "It arrived"
        BOUNCED = "bounced", "It came back"
        OPENED = "opened", "It was opened"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    user_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=[(one, one) for one in CHANNELS])
    lane = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Lane])
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    is_digest = models.BooleanField(default=False)
    digest = models.CharField(max_length=48, null=True, unique=True)  # noqa: DJ001
    gathered = models.PositiveIntegerField(default=0, help_text="others that it tells of")
    attempts = models.PositiveSmallIntegerField(default=0)
    replays = models.PositiveSmallIntegerField(default=0, help_text="by staff")
    detail = models.TextField(blank=True, help_text="what the sender said last")
    provider_ref = models.CharField(max_length=200, blank=True)
    template_version = models.CharField(max_length=16, blank=True)
    sent_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=9, choices=Receipt, blank=True)
    receipt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notification", "channel"], name="one_delivery")
        ]
        indexes: ClassVar = [
            models.Index(fields=["lane", "due_at"], name="delivery_due"),
            models.Index(fields=["user_id", "-id"], name="delivery_of_user"),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
            # A unique column that may be empty keeps a partial index, which look-ups pass by.
            models.Index(fields=["digest"], name="delivery_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}, {self.state}"


class Preferences(models.Model):
    """How a person wishes to be told; without a row everything is as it is by default.

    ``choices`` holds what was chosen: ``{"messages:push": false}``. ``version`` guards the row.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        db_column="_id",
        on_delete=models.CASCADE,
        related_name="+",
    )
    version = models.PositiveIntegerField(default=0)
    language = models.CharField(max_length=8, default="en")
    marketing = models.BooleanField(default=False, help_text="consent to offers")
    choices = models.JSONField(default=dict)
    quiet_start = models.CharField(max_length=5, blank=True, help_text="HH:MM where they live")
    quiet_end = models.CharField(max_length=5, blank=True)
    updated_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.pk}"
