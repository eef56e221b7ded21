"""``/api/v1/staff/users/{id}/adjustments``: staff change a person's credits."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.staff_selectors import person
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.audit.services import look
from pairly.core.http import request_id_of
from pairly.core.idempotent import IDEMPOTENCY_KEY, idempotent
from pairly.core.throttling import MoneyThrottle, UserThrottle
from payments.adjustments.models import Adjustment, State
from payments.adjustments.selectors import adjustments_of
from payments.adjustments.serializers import (
    AdjustmentResultSerializer,
    AdjustmentSerializer,
    AdjustSerializer,
)
from payments.adjustments.services import adjust
from payments.selectors import wallet_of

__all__ = ["AdjustmentsView"]


@extend_schema(tags=["staff"])
class AdjustmentsView(ListAPIView[Adjustment]):
    """What staff gave a person, took and wrote off, newest first."""

    permission_classes: Any = (StaffPermission("users.view", acting="credits.grant"),)
    throttle_classes = (UserThrottle, MoneyThrottle)
    serializer_class = AdjustmentSerializer
    ordering = ("-id",)
    queryset = Adjustment.objects.none()

    def get_queryset(self) -> Any:
        user_id = person(self.kwargs["user_id"]).pk
        look(
            actor_id=self.request.user.pk,
            action="user.viewed",
            target_type="user",
            target_id=user_id,
            request_id=request_id_of(self.request),
        )
        return adjustments_of(user_id)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=AdjustSerializer,
        responses={201: AdjustmentResultSerializer, 202: AdjustmentResultSerializer},
    )
    @idempotent
    def post(self, request: Request, user_id: UUID, operation_id: UUID) -> Response:
        """Give or take credits or write debt off: 201 when it is booked, 202 when it waits for a
        second person. Needs the second factor proved within ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        adjustment = adjust(
            actor_id=request.user.pk,
            user_id=user_id,
            operation_id=operation_id,
            request_id=request_id_of(request),
            **AdjustSerializer.checked(request),
        )
        shown = {
            "adjustment": AdjustmentSerializer(adjustment).data,
            "wallet": wallet_of(user_id).to_dict(),
        }
        is_booked = adjustment.state == State.BOOKED
        code = status.HTTP_201_CREATED if is_booked else status.HTTP_202_ACCEPTED
        return Response(shown, code)
