"""``/api/v1/staff/analytics``: what arrives and where it lies, for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import Day, SetAside
from analytics.selectors import days_newest_first, set_aside
from pairly.accounts.permissions import StaffPermission

__all__ = ["DaysView", "SetAsideView"]

TAGS = ["staff"]
VIEW: Any = (StaffPermission("analytics.view"),)


class SetAsideSerializer(serializers.ModelSerializer[SetAside]):
    class Meta:
        model = SetAside
        fields = ("id", "user_id", "name", "code", "detail", "content", "created_at")
        read_only_fields = fields


class SetAsideQuerySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(required=False, max_length=30, default="")


class DaySerializer(serializers.ModelSerializer[Day]):
    class Meta:
        model = Day
        fields = (
            *("day", "version", "events", "people", "erased_people", "rollups_sha256"),
            "changed_at",
        )
        read_only_fields = fields


@extend_schema(tags=TAGS)
class SetAsideView(ListAPIView[SetAside]):
    """Events of clients that were refused, and why; newest first."""

    permission_classes = VIEW
    serializer_class = SetAsideSerializer
    ordering = ("-created_at", "-id")
    queryset = SetAside.objects.none()

    @extend_schema(
        operation_id="staff_analytics_set_aside_list", parameters=[SetAsideQuerySerializer]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        query = SetAsideQuerySerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return set_aside(query.validated_data["code"])


@extend_schema(tags=TAGS)
class DaysView(ListAPIView[Day]):
    """Days whose events are in files; newest first."""

    permission_classes = VIEW
    serializer_class = DaySerializer
    ordering = ("-day",)
    queryset = Day.objects.none()

    @extend_schema(operation_id="staff_analytics_days_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return days_newest_first()
