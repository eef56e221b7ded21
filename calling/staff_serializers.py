"""Wire shapes of calls as staff see them."""

from typing import Any

from rest_framework import serializers

from calling.models import Call, CallRefund, Quality
from pairly.accounts.models import REASON_LENGTH_MAX, Report
from pairly.core.serializers import StrictSerializer
from pairly.core.tabular import FORMATS

__all__ = [
    "CallReasonSerializer",
    "FlagCallSerializer",
    "RefundCallSerializer",
    "StaffCallRefundSerializer",
    "StaffCallSerializer",
    "StaffCallsExportSerializer",
    "StaffCallsQuerySerializer",
    "StaffCallsStatisticsSerializer",
    "TimelineSerializer",
]


class StaffCallsPeriodSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False, help_text="Made at this time or later.")
    until = serializers.DateTimeField(required=False, help_text="Made before this time.")


class StaffCallsQuerySerializer(StaffCallsPeriodSerializer):
    user_id = serializers.UUIDField(required=False, help_text="Made or received by them.")


class StaffCallsExportSerializer(StaffCallsPeriodSerializer):
    format = serializers.ChoiceField(FORMATS, default="csv")


class StaffCallSerializer(serializers.ModelSerializer[Call]):
    class Meta:
        model = Call
        fields = (
            *("id", "caller_id", "callee_id", "media", "status", "end_reason"),
            *("credits_per_minute", "minute_seconds", "increment_seconds", "share_percent"),
            *("caller_device_id", "callee_device_id", "created_at", "accepted_at"),
            *("connected_at", "ended_at", "caller_seen_at", "callee_seen_at"),
            *("billed_seconds", "held_minutes", "charged_minutes", "credits", "refunded"),
        )


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    what = serializers.CharField()
    who = serializers.CharField(help_text="caller, callee or empty.")
    device_id = serializers.UUIDField(allow_null=True)


class CallTransferSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.CharField()
    phase = serializers.CharField()
    credits = serializers.IntegerField()
    at = serializers.DateTimeField()


class StaffQualitySerializer(serializers.ModelSerializer[Quality]):
    reports = serializers.IntegerField(source="version")
    rtt_ms = serializers.IntegerField(help_text="Of all reports, on average; as the next two.")
    jitter_ms = serializers.IntegerField()
    loss_percent = serializers.FloatField()

    class Meta:
        model = Quality
        fields = (
            *("user_id", "grade", "reports", "good", "poor", "rtt_ms", "jitter_ms"),
            *("loss_percent", "resolution", "reported_at"),
        )


class StaffCallRefundSerializer(serializers.ModelSerializer[CallRefund]):
    class Meta:
        model = CallRefund
        fields = ("id", "call_id", "credits", "actor_id", "created_at")


class TimelineSerializer(serializers.Serializer[Any]):
    call = StaffCallSerializer()
    moments = MomentSerializer(many=True)
    transfers = CallTransferSerializer(many=True, help_text="The ledger's, by their names.")
    quality = StaffQualitySerializer(many=True)
    refunds = StaffCallRefundSerializer(many=True)


class CallReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class RefundCallSerializer(CallReasonSerializer):
    credits = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="All that is left."
    )


class FlagCallSerializer(CallReasonSerializer):
    user_id = serializers.UUIDField(help_text="Who did it.")
    category = serializers.ChoiceField(Report.Reason.choices)


class StatisticsSumsSerializer(serializers.Serializer[Any]):
    media = serializers.CharField()
    calls = serializers.IntegerField()
    answered = serializers.IntegerField()
    connected = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="Of talking.")
    charged = serializers.IntegerField(help_text="Credits.")
    given_back = serializers.IntegerField(help_text="Credits of these.")


class StatisticsGroupSerializer(StatisticsSumsSerializer):
    status = serializers.CharField()
    end_reason = serializers.CharField()


class StatisticsDaySerializer(StatisticsSumsSerializer):
    day = serializers.DateField(help_text="On which they were made, in UTC.")


class StaffCallsStatisticsSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    groups = StatisticsGroupSerializer(many=True)
    days = StatisticsDaySerializer(many=True, help_text="Those with calls, by media.")
