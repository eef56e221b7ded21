"""``/api/v1/staff/payments`` and ``staff/webhooks``: what the staff site shows, for programs."""

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
from payments.models import Intent, Webhook
from payments.staff_serializers import (
    StaffIntentSerializer,
    StaffIntentsQuerySerializer,
    StaffIntentWithHistorySerializer,
    StaffWebhookSerializer,
    StaffWebhooksQuerySerializer,
    StaffWebhookWithBodySerializer,
)
from payments.webhooks.selectors import find_webhooks

__all__ = ["StaffPaymentView", "StaffPaymentsView", "StaffWebhookView", "StaffWebhooksView"]

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
        wanted = _wanted(StaffIntentsQuerySerializer, self.request)
        found = find_intents(wanted["q"]) if "q" in wanted else Intent.objects.all()
        return _narrowed(found, wanted, "status")


@extend_schema(tags=["staff"])
class StaffPaymentView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=StaffIntentWithHistorySerializer)
    def get(self, request: Request, intent_id: UUID) -> Response:
        """An intent and everything that was observed of it."""
        intent: Any = get_object_or_404(Intent, pk=intent_id)
        intent.history = history_of(intent_id)
        return Response(StaffIntentWithHistorySerializer(intent).data)


@extend_schema(tags=["staff"])
class StaffWebhooksView(ListAPIView[Webhook]):
    """Events that providers sent, newest first."""

    permission_classes = VIEW
    serializer_class = StaffWebhookSerializer
    ordering = ("-id",)
    queryset = Webhook.objects.none()

    @extend_schema(parameters=[StaffWebhooksQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Webhook]":
        wanted = _wanted(StaffWebhooksQuerySerializer, self.request)
        found = find_webhooks(wanted["q"]) if "q" in wanted else Webhook.objects.all()
        return _narrowed(found, wanted, "state")


@extend_schema(tags=["staff"])
class StaffWebhookView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=StaffWebhookWithBodySerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """An event as it came."""
        webhook = get_object_or_404(Webhook, pk=webhook_id)
        return Response(StaffWebhookWithBodySerializer(webhook).data)


def _wanted(serializer_class: Any, request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


def _narrowed(rows: "QuerySet[Any]", wanted: dict[str, Any], *names: str) -> "QuerySet[Any]":
    """By the columns named and the provider, and by time through the keys."""
    equal = {name: wanted[name] for name in (*names, "provider") if name in wanted}
    rows = rows.filter(**equal)
    if "since" in wanted:
        rows = rows.filter(pk__gte=first_id_at(wanted["since"]))
    if "until" in wanted:
        rows = rows.filter(pk__lt=first_id_at(wanted["until"]))
    return rows
