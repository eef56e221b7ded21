"""What staff are to decide, what people were told of it, and the weights of the classifier."""

from uuid import UUID

from django.conf import settings
from django.db import models

from pairly.accounts.models import Report
from pairly.core.appendonly import AppendOnlyModel
from pairly.core.ids import new_id

__all__ = ["Case", "Notice", "RuleSet", "open_key"]

NOTICE_LENGTH_MAX = 500


def open_key(target_type: str, target_id: UUID, author_id: UUID) -> str:
    """The one open case about a thing and whose it is; closed cases are named by their id."""
    return f"{target_type}:{target_id.hex}:{author_id.hex}"


class Case(models.Model):
    """Something of a person that may not be right, in one queue whoever or whatever says so.

    About each thing at most one case is open, and reports and flags join it. ``version`` grows
    with every change and guards all of them: a decision meets a report, and another decision.
    """

    class TargetType(models.TextChoices):
        USER = "user", "Person"
        PROFILE = "profile", "Profile text"
        PHOTO = "photo", "Photo"
        MESSAGE = "message", "Message"
        CALL = "call", "Call"

    class Priority(models.IntegerChoices):
        """A danger to a child comes before everything, however long the rest has waited."""

        FIRST = 0, "First"
        USUAL = 1, "Usual"

    State = Report.Status

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    open_key = models.CharField(max_length=80, unique=True)
    version = models.BigIntegerField(default=0)
    target_type = models.CharField(max_length=10, choices=TargetType)
    target_id = models.UUIDField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="whose it is",
    )
    reason = models.CharField(max_length=20, choices=Report.Reason)
    priority = models.SmallIntegerField(choices=Priority)
    text = models.TextField(blank=True, help_text="as it was when the case was opened or joined")
    score = models.IntegerField(default=0, help_text="of the classifier, the highest")
    signals = models.CharField(max_length=300, blank=True, help_text="what the classifier found")
    rules_version = models.IntegerField(default=0)
    reports = models.IntegerField(default=0)
    flags = models.IntegerField(default=0, help_text="how often the classifier spoke")
    state = models.CharField(max_length=20, choices=Report.Status, default=Report.Status.PENDING)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    measures = models.CharField(max_length=100, blank=True, help_text="what was done")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "priority", "due_at", "id"], name="case_queue"),
            models.Index(
                fields=["state", "target_type", "priority", "due_at", "id"],
                name="case_queue_by_kind",
            ),
            models.Index(
                fields=["state", "reason", "priority", "due_at", "id"], name="case_queue_by_reason"
            ),
            models.Index(
                fields=["assigned_to", "state", "priority", "due_at", "id"],
                name="case_queue_of_staff",
            ),
            models.Index(fields=["author", "-created_at"], name="cases_of_author"),
            models.Index(fields=["target_id"], name="cases_of_target"),
            models.Index(fields=["decided_at"], name="case_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.get_target_type_display()}, {self.get_reason_display().lower()}"

    @property
    def is_open(self) -> bool:
        return self.state in (Report.Status.PENDING, Report.Status.UNDER_REVIEW)


class Notice(models.Model):
    """What a person was told about something of theirs. Never of a restriction."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    target_type = models.CharField(max_length=10, choices=Case.TargetType)
    target_id = models.UUIDField()
    measures = models.CharField(max_length=100)
    reason = models.CharField(max_length=20, choices=Report.Reason)
    text = models.CharField(max_length=NOTICE_LENGTH_MAX, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="notices_of_user")]

    def __str__(self) -> str:
        return f"{self.measures} for {self.user_id}"


class RuleSet(AppendOnlyModel):
    """The classifier's weights and bands, as staff set them; the highest version counts."""

    version = models.IntegerField(primary_key=True, db_column="_id")
    flag_score = models.IntegerField()
    block_score = models.IntegerField()
    points = models.JSONField(help_text="by signal: for each find, and more in first messages")
    created_by = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        verbose_name = "set of moderation rules"
        verbose_name_plural = "moderation rules"

    def __str__(self) -> str:
        return f"rules {self.version}"
