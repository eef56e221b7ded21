"""``/api/v1/staff/webhooks``: what the staff site shows and does, for programs."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.staff_lists import narrowed, wanted
from payments.webhooks.decisions import discard_webhook, replay_dead_webhooks, replay_webhook
from payments.webhooks.models import Webhook
from payments.webhooks.selectors import find_webhooks
from payments.webhooks.serializers import (
    ReplayDeadSerializer,
    ReplayedSerializer,
    StaffWebhookSerializer,
    StaffWebhooksQuerySerializer,
    StaffWebhookWithBodySerializer,
    WebhookDecisionSerializer,
)

__all__ = [
    "DiscardWebhookView",
    "ReplayDeadWebhooksView",
    "ReplayWebhookView",
    "StaffWebhookView",
    "StaffWebhooksView",
]

VIEW: Any = (StaffPermission("payments.view"),)
ACT: Any = (StaffPermission("payments.act"),)


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
        asked = wanted(StaffWebhooksQuerySerializer, self.request)
        found = find_webhooks(asked["q"]) if "q" in asked else Webhook.objects.all()
        return narrowed(found, asked, "state")


@extend_schema(tags=["staff"])
class StaffWebhookView(APIView):
    permission_classes = VIEW

    @extend_schema(responses=StaffWebhookWithBodySerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """An event as it came, which may tell of its buyer: the look is noted in the audit log."""
        webhook = get_object_or_404(Webhook, pk=webhook_id)
        look(**_who(request), action="webhook.viewed", target_type="webhook", target_id=webhook.pk)
        return Response(StaffWebhookWithBodySerializer(webhook).data)


@extend_schema(tags=["staff"], request=WebhookDecisionSerializer, responses=StaffWebhookSerializer)
class _DecisionView(APIView):
    permission_classes = ACT
    decide: ClassVar[Callable[..., Webhook]]

    def post(self, request: Request, webhook_id: UUID) -> Response:
        require_fresh_second_factor(request)
        reason = WebhookDecisionSerializer.checked(request)
        webhook = type(self).decide(
            webhook_id=webhook_id, now=clock.now(), **_who(request), **reason
        )
        return Response(StaffWebhookSerializer(webhook).data)


class ReplayWebhookView(_DecisionView):
    """Give an event that came to nothing fresh attempts. Needs the second factor proved within
    ``STEP_UP_SECONDS``."""

    decide = replay_webhook


class DiscardWebhookView(_DecisionView):
    """Give a failed event up for good. Needs the second factor proved within
    ``STEP_UP_SECONDS``."""

    decide = discard_webhook


@extend_schema(tags=["staff"])
class ReplayDeadWebhooksView(APIView):
    permission_classes = ACT

    @extend_schema(
        request=ReplayDeadSerializer,
        responses=ReplayedSerializer,
        operation_id="staff_webhooks_replay_dead",
    )
    def post(self, request: Request) -> Response:
        """Replay the oldest dead letters, at most 100. Needs the second factor proved within
        ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        asked = ReplayDeadSerializer.checked(request)
        count = replay_dead_webhooks(now=clock.now(), **_who(request), **asked)
        return Response({"replayed": count})


def _who(request: Request) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}
