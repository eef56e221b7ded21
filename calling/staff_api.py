"""``/api/v1/staff/calls``: what the staff site shows and does, for programs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calling import clock, staff_calls
from calling.models import Call
from calling.services.refunds import refund_call
from calling.staff_serializers import (
    CallReasonSerializer,
    FlagCallSerializer,
    RefundCallSerializer,
    StaffCallRefundSerializer,
    StaffCallSerializer,
    StaffCallsExportSerializer,
    StaffCallsQuerySerializer,
    StaffCallsStatisticsSerializer,
    TimelineSerializer,
)
from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core.downloads import stream
from pairly.core.http import request_id_of
from pairly.core.idempotent import IDEMPOTENCY_KEY, idempotent
from pairly.core.tabular import CONTENT_TYPES, encoded
from pairly.core.throttling import MoneyThrottle, UserThrottle

__all__ = [
    "EndCallView",
    "FlagCallView",
    "LiveCallsView",
    "RefundCallView",
    "StaffCallView",
    "StaffCallsExportView",
    "StaffCallsStatisticsView",
    "StaffCallsView",
]

TAGS = ["staff"]


def _who(request: Request) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _asked(serializer_class: Any, request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@extend_schema(tags=TAGS)
class StaffCallsView(ListAPIView[Call]):
    """Calls of everybody or of one person, newest first."""

    permission_classes: Any = (StaffPermission("users.view"),)
    serializer_class = StaffCallSerializer
    ordering = ("-id",)
    queryset = Call.objects.none()

    @extend_schema(operation_id="staff_calls_list", parameters=[StaffCallsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Call]":
        return staff_calls.calls_between(**_asked(StaffCallsQuerySerializer, self.request))


@extend_schema(tags=TAGS)
class LiveCallsView(ListAPIView[Call]):
    """Calls that ring or go on now."""

    permission_classes: Any = (StaffPermission("system.view"),)
    serializer_class = StaffCallSerializer
    ordering = ("-id",)
    queryset = Call.objects.none()

    @extend_schema(operation_id="staff_calls_live_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Call]":
        return staff_calls.live_calls()


@extend_schema(tags=TAGS)
class StaffCallView(APIView):
    permission_classes: Any = (StaffPermission("users.view"),)

    @extend_schema(operation_id="staff_calls_retrieve", responses=TimelineSerializer)
    def get(self, request: Request, call_id: UUID) -> Response:
        """What happened in a call: states, devices, signs of life, charges with their transfers,
        quality, refunds. The look is noted in the audit log."""
        found = staff_calls.look_at_timeline(call_id=call_id, **_who(request))
        return Response(TimelineSerializer(found).data)


@extend_schema(tags=TAGS)
class EndCallView(APIView):
    permission_classes: Any = (StaffPermission("moderation.act"),)

    @extend_schema(request=CallReasonSerializer, responses=StaffCallSerializer)
    def post(self, request: Request, call_id: UUID) -> Response:
        """End a live call; both are told `moderation`, and it is charged up to now."""
        call = staff_calls.end_call(
            call_id=call_id,
            now=clock.now(),
            **_who(request),
            **CallReasonSerializer.checked(request),
        )
        return Response(StaffCallSerializer(call).data)


@extend_schema(tags=TAGS)
class RefundCallView(APIView):
    permission_classes: Any = (StaffPermission("refunds.act"),)
    throttle_classes = (UserThrottle, MoneyThrottle)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=RefundCallSerializer,
        responses={201: StaffCallRefundSerializer},
    )
    @idempotent
    def post(self, request: Request, call_id: UUID, operation_id: UUID) -> Response:
        """Give back what a call cost, in whole or in part. Needs the second factor proved within
        ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        refund = refund_call(
            call_id=call_id,
            operation_id=operation_id,
            now=clock.now(),
            **_who(request),
            **RefundCallSerializer.checked(request),
        )
        return Response(StaffCallRefundSerializer(refund).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=TAGS)
class FlagCallView(APIView):
    permission_classes: Any = (StaffPermission("moderation.act"),)

    @extend_schema(request=FlagCallSerializer, responses={204: None})
    def post(self, request: Request, call_id: UUID) -> Response:
        """Put a call into the moderation queue, for what one of the two did."""
        staff_calls.flag_call(
            call_id=call_id, now=clock.now(), **_who(request), **FlagCallSerializer.checked(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=TAGS)
class StaffCallsStatisticsView(APIView):
    permission_classes: Any = (StaffPermission("analytics.view"),)

    @extend_schema(
        operation_id="staff_calls_statistics",
        parameters=[StaffCallsQuerySerializer],
        responses=StaffCallsStatisticsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Sums by media and end, and by day, of a period; without one of the last days
        (`PAIRLY_CALL_STATISTICS_DAYS`)."""
        asked = _asked(StaffCallsExportSerializer, request)
        until = asked.get("until") or clock.now()
        since = asked.get("since") or until - timedelta(days=settings.CALL_STATISTICS_DAYS)
        found = staff_calls.statistics(since=since, until=until)
        return Response(StaffCallsStatisticsSerializer(found).data)


@extend_schema(tags=TAGS)
class StaffCallsExportView(APIView):
    permission_classes: Any = (StaffPermission("exports.act"),)

    @extend_schema(
        operation_id="staff_calls_export",
        parameters=[StaffCallsExportSerializer],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Calls of a period as a file, noted in the audit log."""
        asked = _asked(StaffCallsExportSerializer, request)
        records = staff_calls.export_records(**_who(request), **asked)
        format = asked["format"]
        answer = stream(
            request,
            encoded(records, staff_calls.EXPORT_COLUMNS, format),
            content_type=CONTENT_TYPES[format],
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="pairly-calls.{format}"'
        return answer
