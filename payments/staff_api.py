"""``/api/v1/staff/payments``: what the staff site shows, for programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.core.ids import first_id_at
from payments.intents.selectors import find_intents, history_of
from payments.models import Intent
from payments.staff_serializers import (
    StaffIntentSerializer,
    StaffIntentsQuerySerializer,
    StaffIntentWithHistorySerializer,
)

__all__ = ["StaffPaymentView", "StaffPaymentsView", "narrowed", "wanted"]

VIEW: Any = (StaffPermission("payments.view"),)


@extend_schema(tags=["staff"])
class StaffPaymentsView(ListAPIView[Intent]):
    """Intents of everybody, newest first."""

    permission_classes = VIEW
    serializer_class = StaffIntentSerializer
    ordering = ("-id",)
    queryset = Intent.objects.none()

    @extend_schema(parameters=[StaffIntentsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Intent]":
        asked = wanted(StaffIntentsQuerySerializer, self.request)
        found = find_intents(asked["q"]) if "q" in asked else Intent.objects.all()
        return narrowed(found, asked, "status")


@extend_schema(tags=["staff"])
class StaffPaymentView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=StaffIntentWithHistorySerializer)
    def get(self, request: Request, intent_id: UUID) -> Response:
        """An intent and everything that was observed of it."""
        intent: Any = get_object_or_404(Intent, pk=intent_id)
        intent.history = history_of(intent_id)
        return Response(StaffIntentWithHistorySerializer(intent).data)


def wanted(serializer_class: Any, request: Request) -> dict[str, Any]:
    """The checked query of a list. Raises REST framework's ``ValidationError``."""
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


def narrowed(rows: "QuerySet[Any]", asked: dict[str, Any], *names: str) -> "QuerySet[Any]":
    """By the columns named and the provider, and by time through the keys."""
    equal = {name: asked[name] for name in (*names, "provider") if name in asked}
    rows = rows.filter(**equal)
    if "since" in asked:
        rows = rows.filter(pk__gte=first_id_at(asked["since"]))
    if "until" in asked:
        rows = rows.filter(pk__lt=first_id_at(asked["until"]))
    return rows
