"""``/api/v1/staff/alerts``."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.alerts.models import Alert
from pairly.alerts.selectors import alerts_in
from pairly.alerts.services import acknowledge_alert, resolve_alert
from pairly.core import clock
from pairly.staff.api.base import asked, who
from pairly.staff.api.serializers import ReasonSerializer

__all__ = ["AcknowledgeAlertView", "AlertsView", "ResolveAlertView"]


class AlertSerializer(serializers.ModelSerializer[Alert]):
    class Meta:
        model = Alert
        fields = (
            "id",
            "kind",
            "key",
            "severity",
            "title",
            "details",
            "count",
            "state",
            "first_seen_at",
            "last_seen_at",
            "acknowledged_by_id",
            "acknowledged_at",
            "resolved_by_id",
            "resolved_at",
            "note",
        )
        read_only_fields = fields


class AlertsQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(Alert.State.choices, default=Alert.State.OPEN.value)


@extend_schema(tags=["staff"])
class AlertsView(ListAPIView[Alert]):
    """What is wrong, or was; newest first."""

    permission_classes: Any = (StaffPermission("system.view"),)
    serializer_class = AlertSerializer
    ordering = ("-id",)
    queryset = Alert.objects.none()

    @extend_schema(parameters=[AlertsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return alerts_in(asked(AlertsQuerySerializer, self.request)["state"])


class _DecisionView(APIView):
    permission_classes: Any = (StaffPermission("system.act"),)

    def decided(self, request: Request, alert_id: UUID, service: Any) -> Response:
        reason = ReasonSerializer.checked(request)
        alert = service(alert_id=alert_id, now=clock.now(), **who(request), **reason)
        return Response(AlertSerializer(alert).data)


@extend_schema(tags=["staff"], request=ReasonSerializer, responses=AlertSerializer)
class AcknowledgeAlertView(_DecisionView):
    def post(self, request: Request, alert_id: UUID) -> Response:
        """Say that one looks after it; it stays open."""
        return self.decided(request, alert_id, acknowledge_alert)


@extend_schema(tags=["staff"], request=ReasonSerializer, responses=AlertSerializer)
class ResolveAlertView(_DecisionView):
    def post(self, request: Request, alert_id: UUID) -> Response:
        """Say that it is over. What is still wrong is raised again, as a new alert."""
        return self.decided(request, alert_id, resolve_alert)
