"""``/api/v1/staff/reconciliation``: runs, breaks, and what is decided about them."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.reconciliation.decisions import assign_break, explain_break, resolve_break
from payments.reconciliation.models import Break, Reconciliation
from payments.reconciliation.selectors import break_named, breaks_in, runs_of
from payments.reconciliation.serializers import (
    AssignBreakSerializer,
    BreakDecisionSerializer,
    BreakSerializer,
    BreaksQuerySerializer,
    RunSerializer,
    RunsQuerySerializer,
)
from payments.staff_lists import wanted

__all__ = [
    "AssignBreakView",
    "BreakView",
    "BreaksView",
    "ExplainBreakView",
    "ReconciliationsView",
    "ResolveBreakView",
]

VIEW: Any = (StaffPermission("payments.view"),)
ACT: Any = (StaffPermission("payments.act"),)


@extend_schema(tags=["staff"])
class ReconciliationsView(ListAPIView[Reconciliation]):
    """Runs, the newest first."""

    permission_classes = VIEW
    serializer_class = RunSerializer
    ordering = ("-id",)
    queryset = Reconciliation.objects.none()

    @extend_schema(parameters=[RunsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return runs_of(**wanted(RunsQuerySerializer, self.request))


@extend_schema(tags=["staff"])
class BreaksView(ListAPIView[Break]):
    """Breaks in one state, the newest first."""

    permission_classes = VIEW
    serializer_class = BreakSerializer
    ordering = ("-id",)
    queryset = Break.objects.none()

    @extend_schema(parameters=[BreaksQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return breaks_in(**wanted(BreaksQuerySerializer, self.request))


@extend_schema(tags=["staff"])
class BreakView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=BreakSerializer)
    def get(self, request: Request, break_id: UUID) -> Response:
        """One break."""
        return Response(BreakSerializer(break_named(break_id)).data)


@extend_schema(tags=["staff"])
class AssignBreakView(APIView):
    permission_classes = ACT

    @extend_schema(request=AssignBreakSerializer, responses=BreakSerializer)
    def post(self, request: Request, break_id: UUID) -> Response:
        """Say who looks after a break: somebody who may act on payments, or nobody."""
        wish = AssignBreakSerializer.checked(request)
        row = assign_break(break_id=break_id, **_who(request), **wish)
        return Response(BreakSerializer(row).data)


@extend_schema(tags=["staff"], request=BreakDecisionSerializer, responses=BreakSerializer)
class _DecisionView(APIView):
    permission_classes = ACT
    decide: ClassVar[Callable[..., Break]]

    def post(self, request: Request, break_id: UUID) -> Response:
        require_fresh_second_factor(request)
        wish = BreakDecisionSerializer.checked(request)
        row = type(self).decide(break_id=break_id, **_who(request), **wish)
        return Response(BreakSerializer(row).data)


class ExplainBreakView(_DecisionView):
    """Say why a break may stay. Needs the second factor proved within ``STEP_UP_SECONDS``."""

    decide = explain_break


class ResolveBreakView(_DecisionView):
    """Say that a break is settled. Needs the second factor proved within ``STEP_UP_SECONDS``."""

    decide = resolve_break


def _who(request: Request) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "request_id": request_id_of(request),
        "now": clock.now(),
    }
