"""Wire shapes of ``/api/v1/staff/presence``."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from presence.models import Count, DeviceKind, PastVisit
from presence.staff_presence import GROUPS
from presence.status import Mode

__all__ = [
    "HERE_AT_ONCE_MAX",
    "CountsQuerySerializer",
    "HereQuerySerializer",
    "HereSerializer",
    "PresenceCountSerializer",
    "PresenceCountsSerializer",
    "PresenceHistorySerializer",
    "PresenceNowSerializer",
]

HERE_AT_ONCE_MAX = 100
SPAN_MAX = timedelta(days=2)


class PresenceNowSerializer(serializers.Serializer[Any]):
    online = serializers.IntegerField()
    busy = serializers.IntegerField(help_text="In a call.")
    away = serializers.IntegerField()
    invisible = serializers.IntegerField(help_text="Here, and offline for others.")


class HereQuerySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField([(one.value, one.label) for one in GROUPS], default="online")
    offset = serializers.IntegerField(min_value=0, max_value=100_000, default=0)


class StaySerializer(serializers.Serializer[Any]):
    device_kind = serializers.ChoiceField(DeviceKind.choices)
    started_at = serializers.DateTimeField()
    active_at = serializers.DateTimeField(help_text="When the person last did something there.")


class HereRowSerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    email = serializers.CharField()
    stays = StaySerializer(many=True)


class HereSerializer(serializers.Serializer[Any]):
    results = HereRowSerializer(many=True, help_text="The latest to come first, 100 at most.")


class CountsQuerySerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not timedelta() < attrs["until"] - attrs["since"] <= SPAN_MAX:
            raise serializers.ValidationError("Ask for a span of two days at most.")
        return attrs


class PresenceCountSerializer(serializers.ModelSerializer[Count]):
    class Meta:
        model = Count
        fields = ("at", "online", "busy", "away", "invisible")


class PresenceCountsSerializer(serializers.Serializer[Any]):
    results = PresenceCountSerializer(
        many=True, help_text="One for each minute in which was counted."
    )


class PastVisitSerializer(serializers.ModelSerializer[PastVisit]):
    class Meta:
        model = PastVisit
        fields = ("id", "device_kind", "started_at", "ended_at")


class PresenceHistorySerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    mode = serializers.ChoiceField(Mode.choices)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    stays = StaySerializer(many=True, help_text="Devices that are here now.")
    past = PastVisitSerializer(many=True, help_text="Newest first, 200 at most.")
