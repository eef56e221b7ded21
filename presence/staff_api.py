"""``/api/v1/staff/presence``: what the staff site shows, for programs."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.core.http import request_id_of
from presence import staff_presence
from presence.staff_serializers import (
    HERE_AT_ONCE_MAX,
    CountsQuerySerializer,
    HereQuerySerializer,
    HereSerializer,
    PresenceCountsSerializer,
    PresenceHistorySerializer,
    PresenceNowSerializer,
)
from presence.status import Status

__all__ = [
    "StaffPresenceCountsView",
    "StaffPresenceHistoryView",
    "StaffPresencePeopleView",
    "StaffPresenceView",
]

TAGS = ["staff"]


def _asked(serializer_class: Any, request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@extend_schema(tags=TAGS)
class StaffPresenceView(APIView):
    permission_classes: Any = (StaffPermission("system.view"),)

    @extend_schema(operation_id="staff_presence_retrieve", responses=PresenceNowSerializer)
    def get(self, request: Request) -> Response:
        """How many people are here now."""
        counts = staff_presence.counts_now()
        return Response({status.value: number for status, number in counts.items()})


@extend_schema(tags=TAGS)
class StaffPresenceCountsView(APIView):
    permission_classes: Any = (StaffPermission("system.view"),)

    @extend_schema(
        operation_id="staff_presence_counts",
        parameters=[CountsQuerySerializer],
        responses=PresenceCountsSerializer,
    )
    def get(self, request: Request) -> Response:
        """How many people were here, minute by minute."""
        found = staff_presence.counts_between(**_asked(CountsQuerySerializer, request))
        return Response(PresenceCountsSerializer({"results": found}).data)


@extend_schema(tags=TAGS)
class StaffPresencePeopleView(APIView):
    permission_classes: Any = (StaffPermission("users.view"),)

    @extend_schema(
        operation_id="staff_presence_people",
        parameters=[HereQuerySerializer],
        responses=HereSerializer,
    )
    def get(self, request: Request) -> Response:
        """Who is here now, with their devices."""
        query = _asked(HereQuerySerializer, request)
        found = staff_presence.here_now(
            Status(query["status"]), offset=query["offset"], limit=HERE_AT_ONCE_MAX
        )
        return Response(HereSerializer({"results": found}).data)


@extend_schema(tags=TAGS)
class StaffPresenceHistoryView(APIView):
    permission_classes: Any = (StaffPermission("users.view"),)

    @extend_schema(operation_id="staff_presence_history", responses=PresenceHistorySerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        """When one person was here, and on what. The look is noted in the audit log."""
        found = staff_presence.look_at_history(
            user_id=user_id, actor_id=request.user.pk, request_id=request_id_of(request)
        )
        return Response(PresenceHistorySerializer(found).data)
