"""Wire shapes of unsubscribing and of the suppression list."""

from typing import Any

from rest_framework import serializers

from notifications.mail.models import Suppression
from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.accounts.serializers import EMAIL_LENGTH_MAX
from pairly.core.serializers import StrictSerializer

__all__ = [
    "FindSuppressionsSerializer",
    "LiftSerializer",
    "SuppressionSerializer",
    "UnsubscribedSerializer",
]


class UnsubscribedSerializer(serializers.Serializer[Any]):
    category = serializers.CharField()


class FindSuppressionsSerializer(StrictSerializer):
    address = serializers.CharField(required=False, max_length=EMAIL_LENGTH_MAX)
    limit = serializers.CharField(required=False)
    cursor = serializers.CharField(required=False)


class LiftSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX)


class SuppressionSerializer(serializers.ModelSerializer[Suppression]):
    class Meta:
        model = Suppression
        fields = ("id", "reason", "detail", "created_at")
        read_only_fields = fields
