"""Shapes of analytics on the wire of REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics.arrivals import CLIENT_ID_CHARACTERS_MAX, EVENTS_MAX
from analytics.models import SESSION_CHARACTERS_MAX
from analytics.registry import client_names
from pairly.core.serializers import StrictSerializer

__all__ = ["EventsSerializer", "TakenSerializer"]


class ClientEventSerializer(serializers.Serializer[Any]):
    """For the description alone: events are looked at one by one, so that a bad one is set aside
    and the others are stored."""

    id = serializers.CharField(max_length=CLIENT_ID_CHARACTERS_MAX)
    name = serializers.ChoiceField(choices=[(name, name) for name in client_names()])
    at = serializers.DateTimeField()
    session_id = serializers.CharField(
        max_length=SESSION_CHARACTERS_MAX, required=False, allow_null=True
    )
    props = serializers.DictField(required=False)


@extend_schema_field(ClientEventSerializer(many=True))
class EventListField(serializers.ListField):
    pass


class EventsSerializer(StrictSerializer):
    """``sent_at`` is the client's clock at the moment of sending."""

    events = EventListField(min_length=1, max_length=EVENTS_MAX)
    sent_at = serializers.DateTimeField(required=False, allow_null=True)


class RejectedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class TakenSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)
