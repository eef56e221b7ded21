"""People, their sign-ins, and what keeps them safe from each other."""

from datetime import date, datetime

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q

from pairly.accounts import roles
from pairly.accounts.second_factor.models import RecoveryCode, TotpDevice
from pairly.core import clock
from pairly.core.ids import new_id

__all__ = [
    "Block",
    "Device",
    "Mail",
    "MailedSecret",
    "RecoveryCode",
    "Report",
    "RoleChange",
    "SignInAttempt",
    "SocketTicket",
    "StaffNote",
    "TotpDevice",
    "User",
]

DISPLAY_NAME_LENGTH_MAX = 50
SEARCH_NAME_LENGTH_MAX = 2 * DISPLAY_NAME_LENGTH_MAX
NOTE_LENGTH_MAX = 2000
BIO_LENGTH_MAX = 1000
REASON_LENGTH_MAX = 500
DETAILS_LENGTH_MAX = 2000


class User(AbstractBaseUser, PermissionsMixin):
    """One person: identity, profile, privacy settings and standing.

    A deleted person keeps a row without personal data, because the ledger points to it.
    ``is_superuser`` is never set by ours: roles decide (see ``roles``).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    email = models.CharField(max_length=254, unique=True, help_text="always lower-cased")
    email_verified_at = models.DateTimeField(null=True)
    display_name = models.CharField(max_length=DISPLAY_NAME_LENGTH_MAX)
    search_name = models.CharField(
        max_length=SEARCH_NAME_LENGTH_MAX,
        db_index=True,
        help_text="the display name in lower case, for staff who search",
    )
    birth_date = models.DateField(null=True, help_text="absent for staff and the deleted")
    bio = models.CharField(max_length=BIO_LENGTH_MAX, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name")
    platform = models.CharField(
        max_length=10, blank=True, help_text="what they registered on: android, ios or web"
    )
    photo = models.CharField(max_length=100, blank=True, help_text="name in the storage")

    listed = models.BooleanField(default=True)
    show_online_status = models.BooleanField(default=True)
    show_last_seen = models.BooleanField(default=True)
    show_in_call = models.BooleanField(default=True)
    send_read_receipts = models.BooleanField(default=True)

    terms_version = models.CharField(max_length=20, blank=True)
    terms_accepted_at = models.DateTimeField(null=True)

    suspended_at = models.DateTimeField(null=True)
    suspended_until = models.DateTimeField(null=True, help_text="absent: until restored")
    suspension_reason = models.CharField(max_length=REASON_LENGTH_MAX, blank=True)
    shadow_restricted_at = models.DateTimeField(
        null=True, help_text="what this person writes reaches nobody"
    )
    deleted_at = models.DateTimeField(null=True)
    is_staff = models.BooleanField(default=False)

    last_active_at = models.DateTimeField(help_text="exact to a few minutes")
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        indexes = [
            # Over the listed alone: a plain column of truth values is no help to SQLite.
            models.Index(
                fields=["-last_active_at", "-id"],
                condition=Q(listed=True),
                name="user_directory",
            ),
            models.Index(
                fields=["country", "-last_active_at", "-id"],
                condition=Q(listed=True),
                name="user_by_country",
            ),
            models.Index(fields=["suspended_at"], name="user_suspended"),
            models.Index(fields=["is_staff", "-id"], condition=Q(is_staff=True), name="user_staff"),
        ]

    def __str__(self) -> str:
        return self.email

    def is_suspended_at(self, now: datetime) -> bool:
        """A suspension whose end has passed is none; nothing has to run for that."""
        return self.suspended_at is not None and (
            self.suspended_until is None or self.suspended_until > now
        )

    def may_act_at(self, now: datetime) -> bool:
        return self.deleted_at is None and not self.is_suspended_at(now)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word for "may sign in"."""
        return self.may_act_at(clock.now())

    def age_on(self, day: date) -> int | None:
        """Whole years; who was born on 29 February grows older on 1 March."""
        born = self.birth_date
        if born is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Device(models.Model):
    """A sign-in. The token itself is shown once and never stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 in hex")
    name = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=45, blank=True, help_text="where it signed in from")
    user_agent = models.CharField(max_length=200, blank=True)
    last_used_at = models.DateTimeField(help_text="exact to some minutes")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    second_factor_required = models.BooleanField(
        default=False, help_text="nothing answers this sign-in until it is verified"
    )
    second_factor_at = models.DateTimeField(null=True, help_text="its last verification")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-last_used_at"], name="device_of_user"),
            models.Index(fields=["expires_at"], name="device_expiry"),
            models.Index(fields=["address", "created_at"], name="device_at_address"),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'device'} {self.pk}"

    def is_signed_in_at(self, now: datetime) -> bool:
        return self.ended_at is None and self.expires_at > now


class SocketTicket(models.Model):
    """Opens one socket without a header. Deleted by its use."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    ticket_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 in hex")
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ticket {self.pk}"


class SignInAttempt(models.Model):
    """One try to sign in, also for an address that nobody has."""

    class Outcome(models.TextChoices):
        FAILED = "failed"
        SUCCEEDED = "succeeded"
        CLEARED = "cleared", "failures before this no longer count"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    email_hash = models.CharField(max_length=64, help_text="keyed hash, so that it names nobody")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        db_index=False,
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["email_hash", "-created_at"], name="attempts_of_email"),
            models.Index(fields=["user", "-id"], name="attempts_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} sign-in {self.pk}"


class MailedSecret(models.Model):
    """A code or token mailed to a person, used once; a newer one replaces it."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        RESET_PASSWORD = "reset_password"  # noqa: S105

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    purpose = models.CharField(max_length=20, choices=Purpose)
    secret_hash = models.CharField(max_length=64, unique=True, help_text="keyed hash")
    attempts = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "purpose"], name="one_mailed_secret")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


class Block(models.Model):
    """One person wants nothing more to do with another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blocker", "blocked"], name="one_block")]
        indexes = [models.Index(fields=["blocker", "-id"], name="blocks_of_user")]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


class Report(models.Model):
    """Somebody says that a person, message or call is not right; staff decide by ``due_at``."""

    class TargetType(models.TextChoices):
        USER = "user"
        MESSAGE = "message"
        CALL = "call"

    class Reason(models.TextChoices):
        SEXUAL_CONTENT = "sexual_content"
        NUDITY = "nudity"
        VIOLENCE = "violence"
        HARASSMENT = "harassment"
        HATE = "hate"
        SPAM = "spam"
        MINOR = "minor"
        OTHER = "other"

    class Status(models.TextChoices):
        PENDING = "pending"
        UNDER_REVIEW = "under_review"
        RESOLVED = "resolved"
        DISMISSED = "dismissed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    target_type = models.CharField(max_length=10, choices=TargetType)
    target_id = models.UUIDField()
    reason = models.CharField(max_length=20, choices=Reason)
    details = models.CharField(max_length=DETAILS_LENGTH_MAX, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "target_type", "target_id"], name="one_report"
            )
        ]
        indexes = [
            models.Index(fields=["status", "due_at"], name="report_queue"),
            models.Index(fields=["target_id"], name="reports_of_target"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} report {self.pk}"


class StaffNote(models.Model):
    """What staff should know about a person; never shown to that person. It goes with them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    text = models.CharField(max_length=NOTE_LENGTH_MAX)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="notes_of_user")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class RoleChange(models.Model):
    """The row that every change of a role's holders writes.

    Two transactions that each saw another superadmin could otherwise both take one away.
    """

    role = models.CharField(
        primary_key=True, max_length=20, choices=roles.CHOICES, db_column="_id", editable=False
    )
    changes = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "role"

    def __str__(self) -> str:
        return f"{self.role}: {self.changes} changes"


class Mail(models.Model):
    """A mail of mock mode: written here in place of being sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    recipient = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["recipient", "-id"], name="mail_of_recipient")]

    def __str__(self) -> str:
        return self.subject
