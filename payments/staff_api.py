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
from pairly.accounts.staff_selectors import person
from pairly.audit.services import look
from pairly.core.http import request_id_of
from payments.disputes.selectors import disputes_of_intent
from payments.finances import finances_of
from payments.intents.selectors import find_intents, history_of
from payments.models import Intent
from payments.refunds.selectors import refunds_of_intent
from payments.staff_lists import narrowed, wanted
from payments.staff_serializers import (
    FinancesSerializer,
    StaffIntentSerializer,
    StaffIntentsQuerySerializer,
    StaffIntentWithHistorySerializer,
)

__all__ = ["FinancesView", "StaffPaymentView", "StaffPaymentsView"]

VIEW: Any = (StaffPermission("payments.view"),)
VIEW_OF_PERSON: Any = (StaffPermission("users.view"), *VIEW)
NEWEST_SHOWN = 50


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
        return narrowed(found, asked, "status", "user_id", "currency", "amount_minor")


@extend_schema(tags=["staff"])
class StaffPaymentView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=StaffIntentWithHistorySerializer)
    def get(self, request: Request, intent_id: UUID) -> Response:
        """An intent, everything that was observed of it, its refunds and disputes."""
        intent: Any = get_object_or_404(Intent, pk=intent_id)
        intent.history = history_of(intent_id)
        intent.refunds = refunds_of_intent(intent_id)
        intent.disputes = disputes_of_intent(intent_id)
        return Response(StaffIntentWithHistorySerializer(intent).data)


@extend_schema(tags=["staff"])
class FinancesView(APIView):
    permission_classes = VIEW_OF_PERSON

    @extend_schema(responses=FinancesSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        """What a person bought, was given back, disputed, owes and has. The look is noted in the
        audit log."""
        person(user_id)
        look(
            actor_id=request.user.pk,
            action="user.finances_viewed",
            target_type="user",
            target_id=user_id,
            request_id=request_id_of(request),
        )
        return Response(FinancesSerializer(finances_of(user_id, limit=NEWEST_SHOWN)).data)
