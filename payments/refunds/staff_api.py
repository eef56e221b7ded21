"""``/api/v1/staff/payments/refunds``: what the staff site shows and does, for programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core import clock
from pairly.core.http import request_id_of
from pairly.core.idempotent import IDEMPOTENCY_KEY, idempotent
from pairly.core.throttling import MoneyThrottle, UserThrottle
from payments.refunds.models import Refund
from payments.refunds.selectors import find_refunds
from payments.refunds.serializers import (
    NewRefundSerializer,
    StaffRefundSerializer,
    StaffRefundsQuerySerializer,
)
from payments.refunds.services import refund_payment
from payments.staff_lists import narrowed, wanted

__all__ = ["RefundPaymentView", "StaffRefundsView"]


@extend_schema(tags=["staff"])
class StaffRefundsView(ListAPIView[Refund]):
    """Refunds of everybody, newest first."""

    permission_classes: Any = (StaffPermission("payments.view"),)
    serializer_class = StaffRefundSerializer
    ordering = ("-id",)
    queryset = Refund.objects.none()

    @extend_schema(parameters=[StaffRefundsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Refund]":
        asked = wanted(StaffRefundsQuerySerializer, self.request)
        found = find_refunds(asked["q"]) if "q" in asked else Refund.objects.all()
        return narrowed(found.select_related("intent"), asked, "state", "user_id")


@extend_schema(tags=["staff"])
class RefundPaymentView(APIView):
    permission_classes: Any = (StaffPermission("refunds.act"),)
    throttle_classes = (UserThrottle, MoneyThrottle)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=NewRefundSerializer,
        responses={201: StaffRefundSerializer},
    )
    @idempotent
    def post(self, request: Request, intent_id: UUID, operation_id: UUID) -> Response:
        """Give back a part of a payment, or all that is left. Above the limit its state is
        ``requested`` until a second person decides. Needs the second factor proved within
        ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        wish = NewRefundSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        refund = refund_payment(
            intent_id=intent_id,
            **wish.wish(),
            actor_id=request.user.pk,
            operation_id=operation_id,
            now=clock.now(),
            request_id=request_id_of(request),
        )
        return Response(StaffRefundSerializer(refund).data, status=201)
