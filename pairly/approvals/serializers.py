"""Wire shapes of approvals."""

from typing import Any

from rest_framework import serializers

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.approvals.models import Approval, State
from pairly.approvals.registry import title_of
from pairly.core.serializers import StrictSerializer

__all__ = ["ApprovalSerializer", "ApprovalsQuerySerializer", "DecisionSerializer"]


class DecisionSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class ApprovalsQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(State.choices, default=State.WAITING.value)


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    title = serializers.SerializerMethodField()
    payload = serializers.DictField(help_text="What is to be done: ids and plain values.")

    class Meta:
        model = Approval
        fields = (
            "id",
            "kind",
            "title",
            "target_type",
            "target_id",
            "payload",
            "reason",
            "state",
            "requested_by",
            "created_at",
            "expires_at",
            "decided_by",
            "decided_at",
            "decision_reason",
        )
        read_only_fields = fields

    def get_title(self, approval: Approval) -> str:
        return title_of(approval.kind)
