"""Wire shapes of calls over REST."""

from typing import Any

import msgspec
from rest_framework import serializers

from calling.grades import Grade
from calling.models import CLIENT_ID_CHARACTERS_MAX, Media
from calling.schemas import call_view
from calling.selectors import Listed
from calling.states import Reason, Status
from pairly.accounts.serializers import PublicUserSerializer
from pairly.core.serializers import StrictSerializer

__all__ = [
    "CallSerializer",
    "IceServersSerializer",
    "InviteSerializer",
    "ListedCallSerializer",
    "MadeCallSerializer",
    "QualitySerializer",
    "ReportedQualitySerializer",
    "StatisticsSerializer",
]


class InviteSerializer(StrictSerializer):
    callee_id = serializers.UUIDField()
    media = serializers.ChoiceField(Media.choices)
    client_id = serializers.CharField(
        max_length=CLIENT_ID_CHARACTERS_MAX,
        trim_whitespace=False,
        help_text="Names this wish to call; sent again it gives the first call.",
    )


class QuoteSerializer(serializers.Serializer[Any]):
    credits_per_minute = serializers.IntegerField()
    increment_seconds = serializers.IntegerField(help_text="The least that is billed.")
    minute_seconds = serializers.IntegerField(help_text="60, but in trials.")


class CallSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    caller_id = serializers.UUIDField()
    callee_id = serializers.UUIDField()
    media = serializers.ChoiceField(Media.choices)
    status = serializers.ChoiceField(Status.choices)
    end_reason = serializers.ChoiceField(Reason.choices, allow_null=True)
    quote = QuoteSerializer(help_text="What it costs, fixed when it was made.")
    created_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    connected_at = serializers.DateTimeField(
        allow_null=True, help_text="When both had media, and the clock of billing started."
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    billed_seconds = serializers.IntegerField(
        help_text="How long it was talked, seconds begun included; 0 until it has ended."
    )
    credits = serializers.IntegerField(help_text="What the caller was charged so far.")
    device_id = serializers.UUIDField(
        allow_null=True, help_text="The device of this person that is in the call."
    )


class MadeCallSerializer(CallSerializer):
    """A call after a command."""

    position = serializers.IntegerField(
        allow_null=True, help_text="Of this person's event about it; null when it was no news."
    )


class ListedCallSerializer(CallSerializer):
    """A call in a person's history, with the other one."""

    peer = PublicUserSerializer()

    def to_representation(self, instance: Listed) -> dict[str, Any]:
        view: dict[str, Any] = msgspec.to_builtins(call_view(instance.call, instance.viewer_id))
        return view | {"peer": PublicUserSerializer(instance.peer, context=self.context).data}


class SumsSerializer(serializers.Serializer[Any]):
    calls = serializers.IntegerField()
    answered = serializers.IntegerField()
    missed = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="Of talking.")
    credits = serializers.IntegerField(help_text="What the callers were charged.")
    by_media = serializers.DictField(child=serializers.IntegerField())
    by_reason = serializers.DictField(child=serializers.IntegerField())


class StatisticsSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(help_text="How many days back from now.")
    made = SumsSerializer()
    received = SumsSerializer()
    quality = serializers.DictField(
        child=serializers.IntegerField(), help_text="Calls by grade, as this person's side had it."
    )


class IceServerSerializer(serializers.Serializer[Any]):
    urls = serializers.ListField(child=serializers.CharField())
    username = serializers.CharField(required=False)
    credential = serializers.CharField(required=False)


class IceServersSerializer(serializers.Serializer[Any]):
    ice_servers = IceServerSerializer(many=True, help_text="As RTCPeerConnection takes them.")
    ice_transport_policy = serializers.ChoiceField(
        ["all", "relay"], help_text="relay: show no address of this device yet."
    )
    expires_at = serializers.DateTimeField(help_text="When relays stop taking the credentials.")
    renew_in_seconds = serializers.IntegerField(
        help_text="Half their life: ask again then, for the next restart of ICE."
    )


class QualitySerializer(StrictSerializer):
    """What a device measured since its last report, or since media began."""

    rtt_ms = serializers.IntegerField(min_value=0, max_value=60_000, help_text="Round trip.")
    loss_percent = serializers.FloatField(min_value=0, max_value=100)
    jitter_ms = serializers.IntegerField(min_value=0, max_value=60_000)
    resolution = serializers.RegexField(
        r"^[0-9]{1,5}x[0-9]{1,5}$",
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the picture that arrives, as 1280x720; empty without one.",
    )


class ReportedQualitySerializer(serializers.Serializer[Any]):
    grade = serializers.ChoiceField(Grade.choices, help_text="Of this report.")
