"""Wire shapes of presence over REST."""

from typing import Any

from rest_framework import serializers

from pairly.core.serializers import StrictSerializer
from presence.status import Mode, Status

__all__ = [
    "HeartbeatAnswerSerializer",
    "HeartbeatSerializer",
    "ModeSerializer",
    "PresencesQuerySerializer",
    "PresencesSerializer",
]

LOOKED_UP_AT_ONCE_MAX = 100
SHOWN = [(status.value, status.label) for status in Status if status is not Status.INVISIBLE]


class HeartbeatSerializer(StrictSerializer):
    active = serializers.BooleanField(
        default=True, help_text="Whether the person is before the device."
    )


class HeartbeatAnswerSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="The newest of this person's events.")


class ModeSerializer(StrictSerializer):
    mode = serializers.ChoiceField(Mode.choices)


class PresencesQuerySerializer(serializers.Serializer[Any]):
    user_id = serializers.ListField(
        child=serializers.UUIDField(), max_length=LOOKED_UP_AT_ONCE_MAX, default=list
    )


class PresenceSerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    status = serializers.ChoiceField(SHOWN)
    last_seen = serializers.DateTimeField(
        allow_null=True, help_text="Of who is offline and tells it, else null."
    )


class PresencesSerializer(serializers.Serializer[Any]):
    results = PresenceSerializer(many=True, help_text="In the order of asking.")
    mode = serializers.ChoiceField(Mode.choices, help_text="This person's own wish.")
