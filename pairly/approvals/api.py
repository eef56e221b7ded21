"""``/api/v1/staff/approvals``: what waits for a second person, and deciding it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.approvals import selectors, services
from pairly.approvals.models import Approval
from pairly.approvals.serializers import (
    ApprovalSerializer,
    ApprovalsQuerySerializer,
    DecisionSerializer,
)
from pairly.core.http import request_id_of
from pairly.core.idempotent import IDEMPOTENCY_KEY, idempotent
from pairly.core.throttling import MoneyThrottle, UserThrottle

__all__ = ["ApprovalView", "ApprovalsView", "ApproveView", "RejectView", "WithdrawView"]

VIEW: Any = (StaffPermission("approvals.view"),)
TAGS = ["staff"]


@extend_schema(tags=TAGS)
class ApprovalsView(ListAPIView[Approval]):
    """Requests in one state, waiting ones at first, newest first."""

    permission_classes = VIEW
    serializer_class = ApprovalSerializer
    ordering = ("-id",)
    queryset = Approval.objects.none()

    @extend_schema(parameters=[ApprovalsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        query = ApprovalsQuerySerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return selectors.in_state(query.validated_data["state"])


@extend_schema(tags=TAGS)
class ApprovalView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=ApprovalSerializer)
    def get(self, request: Request, approval_id: UUID) -> Response:
        return Response(ApprovalSerializer(selectors.approval(approval_id)).data)


@extend_schema(tags=TAGS)
class ApproveView(APIView):
    permission_classes = VIEW
    throttle_classes = (UserThrottle, MoneyThrottle)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=DecisionSerializer, responses=ApprovalSerializer
    )
    @idempotent
    def post(self, request: Request, approval_id: UUID, operation_id: UUID) -> Response:
        """Carry out what somebody else asked for. Needs the kind's permission and the second
        factor proved within ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        return _decided(services.approve, request, approval_id)


@extend_schema(tags=TAGS)
class RejectView(APIView):
    permission_classes = VIEW

    @extend_schema(request=DecisionSerializer, responses=ApprovalSerializer)
    def post(self, request: Request, approval_id: UUID) -> Response:
        """Refuse what somebody else asked for."""
        require_fresh_second_factor(request)
        return _decided(services.reject, request, approval_id)


@extend_schema(tags=TAGS)
class WithdrawView(APIView):
    permission_classes = VIEW

    @extend_schema(request=DecisionSerializer, responses=ApprovalSerializer)
    def post(self, request: Request, approval_id: UUID) -> Response:
        """Take back what one asked for."""
        return _decided(services.withdraw, request, approval_id)


def _decided(decide: Any, request: Any, approval_id: UUID) -> Response:
    approval = decide(
        approval_id=approval_id,
        actor_id=request.user.pk,
        request_id=request_id_of(request),
        **DecisionSerializer.checked(request),
    )
    return Response(ApprovalSerializer(approval).data)
