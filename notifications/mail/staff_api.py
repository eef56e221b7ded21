"""``/api/v1/staff/notifications/suppressions``: addresses that are not written to any more."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.mail.models import Suppression
from notifications.mail.selectors import find_suppressions
from notifications.mail.serializers import (
    FindSuppressionsSerializer,
    LiftSerializer,
    SuppressionSerializer,
)
from notifications.mail.services import lift_suppression
from pairly.accounts.permissions import StaffPermission
from pairly.core.http import request_id_of

__all__ = ["LiftSuppressionView", "SuppressionsView"]

TAGS = ["staff"]


@extend_schema(tags=TAGS)
class SuppressionsView(ListAPIView[Suppression]):
    """Newest first; addresses are known by their hash alone."""

    permission_classes: Any = (StaffPermission("users.view"),)
    serializer_class = SuppressionSerializer
    ordering = ("-id",)
    queryset = Suppression.objects.none()

    @extend_schema(operation_id="staff_suppressions_list", parameters=[FindSuppressionsSerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Suppression]":
        query = FindSuppressionsSerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return find_suppressions(query.validated_data.get("address", ""))


@extend_schema(tags=TAGS)
class LiftSuppressionView(APIView):
    permission_classes: Any = (StaffPermission("users.act"),)

    @extend_schema(
        operation_id="staff_suppressions_lift", request=LiftSerializer, responses={204: None}
    )
    def post(self, request: Request, suppression_id: UUID) -> Response:
        """Write to the address again. Do it when its owner says that it works."""
        lift_suppression(
            suppression_id=suppression_id,
            actor_id=request.user.pk,
            request_id=request_id_of(request),
            **LiftSerializer.checked(request),
        )
        return Response(status=204)
