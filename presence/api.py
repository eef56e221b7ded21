"""REST routes of presence."""

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from presence.selectors import mode_of, presences_for
from presence.serializers import (
    HeartbeatAnswerSerializer,
    HeartbeatSerializer,
    ModeSerializer,
    PresencesQuerySerializer,
    PresencesSerializer,
)
from presence.services import heartbeat, set_mode

__all__ = ["HeartbeatView", "PresenceView"]


class PresenceView(APIView):
    @extend_schema(
        operation_id="presence_list",
        parameters=[PresencesQuerySerializer],
        responses=PresencesSerializer,
    )
    def get(self, request: Request) -> Response:
        """Who of up to 100 people is here, as this person may know it. Strangers, and whoever may
        not be seen, are offline and were never seen."""
        query = PresencesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        user_ids = list(dict.fromkeys(query.validated_data["user_id"]))
        found = presences_for(request.user.pk, user_ids)
        return Response(
            {"results": msgspec.to_builtins(found), "mode": mode_of(request.user.pk).value}
        )

    @extend_schema(request=ModeSerializer, responses=ModeSerializer)
    def put(self, request: Request) -> Response:
        """Say as what this person wishes to be seen."""
        wish = ModeSerializer.checked(request)
        set_mode(request.user.pk, wish["mode"])
        return Response(wish)


class HeartbeatView(APIView):
    @extend_schema(request=HeartbeatSerializer, responses=HeartbeatAnswerSerializer)
    def post(self, request: Request) -> Response:
        """A device without a socket is there; wanted every 25 seconds."""
        position = heartbeat(
            user_id=request.user.pk,
            device_id=request.auth.pk,
            **HeartbeatSerializer.checked(request),
        )
        return Response({"position": position})
