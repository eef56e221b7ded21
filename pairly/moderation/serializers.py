"""Wire shapes of moderation over REST."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import DETAILS_LENGTH_MAX, REASON_LENGTH_MAX, Report
from pairly.core.serializers import StrictSerializer
from pairly.moderation.classifier.signals import SIGNALS
from pairly.moderation.models import NOTICE_LENGTH_MAX, Case, Notice
from pairly.moderation.services.decisions import MEASURES
from pairly.moderation.services.rules import POINTS_MAX

__all__ = [
    "CaseSerializer",
    "CaseWithContentSerializer",
    "CasesQuerySerializer",
    "ChangeRulesSerializer",
    "NoticeSerializer",
    "CaseReasonSerializer",
    "RefundedSerializer",
    "ResolveSerializer",
    "RulesSerializer",
]

ASSIGNED = ("me", "anybody")


class CaseReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class ResolveSerializer(CaseReasonSerializer):
    measures = serializers.ListField(
        child=serializers.ChoiceField(MEASURES), min_length=1, max_length=len(MEASURES)
    )
    text = serializers.CharField(
        max_length=NOTICE_LENGTH_MAX, required=False, default="", help_text="For the person."
    )
    suspend_until = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Without one: until restored."
    )


class CasesQuerySerializer(StrictSerializer):
    state = serializers.ChoiceField(Report.Status.choices, default=Report.Status.PENDING.value)
    target_type = serializers.ChoiceField(Case.TargetType.choices, required=False)
    reason = serializers.ChoiceField(Report.Reason.choices, required=False)
    assigned = serializers.ChoiceField(ASSIGNED, default="anybody")
    overdue = serializers.BooleanField(default=False)


class CaseSerializer(serializers.ModelSerializer[Case]):
    class Meta:
        model = Case
        fields: tuple[str, ...] = (
            *("id", "target_type", "target_id", "author_id", "reason", "priority", "state"),
            *("score", "signals", "rules_version", "reports", "flags", "assigned_to_id"),
            *("measures", "due_at", "created_at", "decided_at"),
        )
        read_only_fields = fields


class CaseReportSerializer(serializers.ModelSerializer[Report]):
    class Meta:
        model = Report
        fields = ("id", "reporter_id", "reason", "details", "status", "created_at")
        read_only_fields = fields
        extra_kwargs = {"details": {"max_length": DETAILS_LENGTH_MAX}}


class PictureSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    title = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    user_id = serializers.UUIDField()
    text = serializers.CharField()
    note = serializers.CharField(help_text="What became of it, as `deleted for both`.")
    is_target = serializers.BooleanField(help_text="What the case is about.")
    pictures = PictureSerializer(many=True)


class ShownSerializer(serializers.Serializer[Any]):
    facts = serializers.SerializerMethodField()
    lines = LineSerializer(many=True)
    pictures = PictureSerializer(many=True)
    is_hidden = serializers.BooleanField()

    def get_facts(self, shown: Any) -> dict[str, str]:
        return dict(shown.facts)


class CaseWithContentSerializer(CaseSerializer):
    """``text`` and ``shown`` are null for who may not read private content."""

    text = serializers.CharField(
        source="shown_text", allow_null=True, help_text="As it was when the case was opened."
    )
    shown = ShownSerializer(allow_null=True, help_text="As it is now.")
    report_list = CaseReportSerializer(many=True)

    class Meta(CaseSerializer.Meta):
        fields = (*CaseSerializer.Meta.fields, "text", "shown", "report_list")
        read_only_fields = fields


class RefundedSerializer(serializers.Serializer[Any]):
    credits = serializers.IntegerField()


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    measures = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = ("id", "target_type", "target_id", "measures", "reason", "text", "created_at")
        read_only_fields = fields

    def get_measures(self, notice: Notice) -> list[str]:
        return notice.measures.split(", ")


class WeightSerializer(StrictSerializer):
    points = serializers.IntegerField(min_value=0, max_value=POINTS_MAX)
    first_points = serializers.IntegerField(
        min_value=0, max_value=POINTS_MAX, help_text="More in first messages."
    )


class RulesSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    flag_score = serializers.IntegerField()
    block_score = serializers.IntegerField()
    signals = serializers.DictField(child=WeightSerializer())


class ChangeRulesSerializer(CaseReasonSerializer):
    flag_score = serializers.IntegerField(min_value=1, max_value=POINTS_MAX)
    block_score = serializers.IntegerField(min_value=1, max_value=POINTS_MAX)
    signals = serializers.DictField(
        child=WeightSerializer(),
        required=False,
        default=dict,
        help_text=f"Those that change, of: {', '.join(SIGNALS)}.",
    )
