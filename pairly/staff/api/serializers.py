"""Wire shapes of the staff routes."""

from typing import Any

from rest_framework import serializers

from pairly.accounts import roles
from pairly.accounts.models import (
    NOTE_LENGTH_MAX,
    REASON_LENGTH_MAX,
    Device,
    Report,
    SignInAttempt,
    StaffNote,
    User,
)
from pairly.accounts.selectors import roles_of
from pairly.accounts.serializers import EMAIL_LENGTH_MAX
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.serializers import StrictSerializer
from pairly.outbox.models import OutboxEvent
from payments.serializers import WalletSerializer

__all__ = [
    "AuditEntrySerializer",
    "AuditQuerySerializer",
    "GiveRoleSerializer",
    "JobSerializer",
    "NoteInputSerializer",
    "NoteSerializer",
    "OutboxEventSerializer",
    "OutboxQuerySerializer",
    "PersonSerializer",
    "PersonSummarySerializer",
    "ReasonSerializer",
    "SignInAttemptSerializer",
    "SignInSerializer",
    "StaffMemberSerializer",
    "StaffReportSerializer",
    "SuspendSerializer",
    "UsersQuerySerializer",
]

TARGET_LENGTH_MAX = 200
ACTION_LENGTH_MAX = 60
STANDINGS = ("active", "suspended", "deleted")


# What is taken


class ReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class SuspendSerializer(ReasonSerializer):
    until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Absent: until somebody restores them."
    )


class GiveRoleSerializer(ReasonSerializer):
    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(roles.CHOICES)


class NoteInputSerializer(StrictSerializer):
    text = serializers.CharField(max_length=NOTE_LENGTH_MAX)


class UsersQuerySerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False,
        max_length=EMAIL_LENGTH_MAX,
        help_text="An id, or the beginning of an e-mail address or a display name.",
    )
    standing = serializers.ChoiceField(("suspended", "staff"), required=False)


class AuditQuerySerializer(serializers.Serializer[Any]):
    actor_id = serializers.UUIDField(required=False)
    action = serializers.CharField(required=False, max_length=ACTION_LENGTH_MAX)
    target_type = serializers.CharField(required=False, max_length=30)
    target_id = serializers.CharField(
        required=False, max_length=TARGET_LENGTH_MAX, help_text="With target_type."
    )
    since = serializers.DateTimeField(required=False, help_text="At this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Before this time.")


class OutboxQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        OutboxEvent.State.choices, default=OutboxEvent.State.PENDING.value
    )


# What is shown


class PersonSummarySerializer(serializers.ModelSerializer[User]):
    """A person in a list."""

    standing = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id",
            "email",
            "display_name",
            "country",
            "standing",
            "is_staff",
            "created_at",
            "last_active_at",
        )
        read_only_fields = fields

    def get_standing(self, user: User) -> str:
        """``active``, ``suspended`` or ``deleted``."""
        if user.deleted_at is not None:
            return "deleted"
        return "suspended" if user.is_suspended_at(clock.now()) else "active"


class SecondFactorStateSerializer(serializers.Serializer[Any]):
    enrolled_at = serializers.DateTimeField(allow_null=True)
    locked_until = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class PersonSerializer(PersonSummarySerializer):
    """Everything about one person that is not a list of its own."""

    roles = serializers.SerializerMethodField()
    wallet = WalletSerializer()
    second_factor = SecondFactorStateSerializer()
    locked_out = serializers.BooleanField(help_text="Too many failed sign-ins.")

    class Meta(PersonSummarySerializer.Meta):
        fields = (
            *PersonSummarySerializer.Meta.fields,
            "email_verified_at",
            "birth_date",
            "bio",
            "time_zone",
            "listed",
            "show_online_status",
            "show_last_seen",
            "show_in_call",
            "send_read_receipts",
            "terms_version",
            "terms_accepted_at",
            "suspended_at",
            "suspended_until",
            "suspension_reason",
            "shadow_restricted_at",
            "deleted_at",
            "roles",
            "wallet",
            "second_factor",
            "locked_out",
        )
        read_only_fields = fields

    def get_roles(self, user: User) -> list[str]:
        return roles_of(user.pk)


class SignInSerializer(serializers.ModelSerializer[Device]):
    class Meta:
        model = Device
        fields = (
            "id",
            "name",
            "address",
            "user_agent",
            "created_at",
            "last_used_at",
            "expires_at",
            "ended_at",
            "second_factor_at",
        )
        read_only_fields = fields


class SignInAttemptSerializer(serializers.ModelSerializer[SignInAttempt]):
    class Meta:
        model = SignInAttempt
        fields = ("id", "outcome", "address", "created_at")
        read_only_fields = fields


class NoteSerializer(serializers.ModelSerializer[StaffNote]):
    class Meta:
        model = StaffNote
        fields = ("id", "author_id", "text", "created_at")
        read_only_fields = fields


class StaffReportSerializer(serializers.ModelSerializer[Report]):
    class Meta:
        model = Report
        fields = (
            "id",
            "reporter_id",
            "target_type",
            "target_id",
            "reason",
            "details",
            "status",
            "due_at",
            "created_at",
        )
        read_only_fields = fields


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "actor_id",
            "action",
            "target_type",
            "target_id",
            "reason",
            "before",
            "after",
            "request_id",
            "created_at",
            "leaf_hash",
        )
        read_only_fields = fields


class OutboxEventSerializer(serializers.ModelSerializer[OutboxEvent]):
    class Meta:
        model = OutboxEvent
        fields = (
            "id",
            "kind",
            "handler",
            "state",
            "attempts",
            "due_at",
            "last_error",
            "created_at",
        )
        read_only_fields = fields


class JobSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    every = serializers.CharField(help_text="As people say it: `every 5 min`.")
    state = serializers.CharField(help_text="waiting, running, failed or done.")
    started_at = serializers.DateTimeField(source="run.started_at", default=None, allow_null=True)
    finished_at = serializers.DateTimeField(source="run.finished_at", default=None, allow_null=True)
    result = serializers.CharField(source="run.result", default="")
    error = serializers.CharField(source="run.error", default="")
    failed_at = serializers.DateTimeField(source="run.failed_at", default=None, allow_null=True)
    last_error = serializers.CharField(source="run.last_error", default="")


class StaffMemberSerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(source="user.pk")
    email = serializers.CharField(source="user.email")
    roles = serializers.ListField(child=serializers.CharField())
    has_second_factor = serializers.BooleanField()
