"""``/api/v1/staff/payments/disputes``: what the staff site shows, for programs."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from pairly.accounts.permissions import StaffPermission
from payments.disputes.models import Dispute
from payments.disputes.selectors import find_disputes
from payments.disputes.serializers import StaffDisputeSerializer, StaffDisputesQuerySerializer
from payments.staff_lists import narrowed, wanted

__all__ = ["StaffDisputesView"]


@extend_schema(tags=["staff"])
class StaffDisputesView(ListAPIView[Dispute]):
    """Disputes over payments of everybody, newest first."""

    permission_classes: Any = (StaffPermission("payments.view"),)
    serializer_class = StaffDisputeSerializer
    ordering = ("-id",)
    queryset = Dispute.objects.none()

    @extend_schema(parameters=[StaffDisputesQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Dispute]":
        asked = wanted(StaffDisputesQuerySerializer, self.request)
        found = find_disputes(asked["q"]) if "q" in asked else Dispute.objects.all()
        return narrowed(found.select_related("intent"), asked, "state", "user_id")
