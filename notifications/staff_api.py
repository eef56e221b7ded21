"""``/api/v1/staff/notifications``: what the staff site shows and does, for programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications import staff_selectors
from notifications.broadcasts.models import Broadcast
from notifications.broadcasts.segments import Segment
from notifications.broadcasts.services import request_broadcast, stop_broadcast
from notifications.kinds import KINDS
from notifications.models import Delivery
from notifications.rendering import LANGUAGES, render, version_of
from notifications.samples import SAMPLES
from notifications.services.staff import preview, replay_dead, replay_delivery, try_text
from notifications.staff_serializers import (
    BroadcastPreviewSerializer,
    BroadcastSerializer,
    DeliveriesQuerySerializer,
    DeliverySerializer,
    DeliveryStatisticsQuerySerializer,
    DeliveryStatisticsSerializer,
    DeliveryWithTextSerializer,
    HistorySerializer,
    NotificationReasonSerializer,
    NotificationTextSerializer,
    NotificationTextsSerializer,
    ReplayDeadDeliveriesSerializer,
    ReplayedDeliveriesSerializer,
    TextQuerySerializer,
    TriedSerializer,
    TryTextSerializer,
    WriteBroadcastSerializer,
)
from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.http import request_id_of

__all__ = [
    "BroadcastPreviewView",
    "BroadcastView",
    "BroadcastsView",
    "DeliveriesView",
    "DeliveryView",
    "HistoryView",
    "ReplayDeadDeliveriesView",
    "ReplayDeliveryView",
    "StatisticsView",
    "StopBroadcastView",
    "TextView",
    "TextsView",
    "TryTextView",
]

TAGS = ["staff"]
VIEW: Any = (StaffPermission("notifications.view"),)
ACT: Any = (StaffPermission("notifications.act"),)
BROADCAST: Any = (StaffPermission("notifications.view", acting="notifications.broadcast"),)


def _who(request: Request) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _asked(serializer_class: Any, request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@extend_schema(tags=TAGS)
class DeliveriesView(ListAPIView[Delivery]):
    """Deliveries on every channel, newest first."""

    permission_classes = VIEW
    serializer_class = DeliverySerializer
    ordering = ("-id",)
    queryset = Delivery.objects.none()

    @extend_schema(operation_id="staff_notifications_list", parameters=[DeliveriesQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> "QuerySet[Delivery]":
        return staff_selectors.deliveries(**_asked(DeliveriesQuerySerializer, self.request))


@extend_schema(tags=TAGS)
class DeliveryView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_notifications_retrieve", responses=DeliveryWithTextSerializer
    )
    def get(self, request: Request, delivery_id: UUID) -> Response:
        """A delivery with what it says: the look is noted in the audit log."""
        delivery = staff_selectors.delivery(delivery_id)
        look(
            **_who(request),
            action="delivery.viewed",
            target_type="delivery",
            target_id=delivery.pk,
        )
        return Response(DeliveryWithTextSerializer(delivery).data)


@extend_schema(tags=TAGS)
class ReplayDeliveryView(APIView):
    permission_classes = ACT

    @extend_schema(request=NotificationReasonSerializer, responses=DeliverySerializer)
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Give a dead letter fresh attempts. Ringing is never replayed."""
        why = NotificationReasonSerializer.checked(request)
        delivery = replay_delivery(delivery_id=delivery_id, now=clock.now(), **_who(request), **why)
        return Response(DeliverySerializer(delivery).data)


@extend_schema(tags=TAGS)
class ReplayDeadDeliveriesView(APIView):
    permission_classes = ACT

    @extend_schema(request=ReplayDeadDeliveriesSerializer, responses=ReplayedDeliveriesSerializer)
    def post(self, request: Request) -> Response:
        """Replay the newest dead letters, at most 100, of one channel or of all."""
        asked = ReplayDeadDeliveriesSerializer.checked(request)
        return Response({"replayed": replay_dead(now=clock.now(), **_who(request), **asked)})


@extend_schema(tags=TAGS)
class HistoryView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_notifications_of_person", responses=HistorySerializer(many=True)
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """The newest of what a person was told, and what became of it on each channel. The look
        is noted in the audit log."""
        look(
            **_who(request),
            action="notifications.viewed",
            target_type="user",
            target_id=user_id,
        )
        return Response(HistorySerializer(staff_selectors.history_of(user_id), many=True).data)


@extend_schema(tags=TAGS)
class StatisticsView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_notifications_statistics",
        parameters=[DeliveryStatisticsQuerySerializer],
        responses=DeliveryStatisticsSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """How the deliveries of the last days fare, by kind, channel, state and reason."""
        days = _asked(DeliveryStatisticsQuerySerializer, request)["days"]
        rows = staff_selectors.statistics(days=days, now=clock.now())
        return Response(DeliveryStatisticsSerializer(rows, many=True).data)


@extend_schema(tags=TAGS)
class TextsView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_notifications_texts",
        responses=NotificationTextsSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Every text and its version in each language."""
        rows = [
            {
                "kind": kind,
                "title": KINDS[kind].title if kind in KINDS else "Digest",
                "versions": {one: version_of(kind, one) for one in LANGUAGES},
            }
            for kind in SAMPLES
        ]
        return Response(NotificationTextsSerializer(rows, many=True).data)


@extend_schema(tags=TAGS)
class TextView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_notifications_text",
        parameters=[TextQuerySerializer],
        responses=NotificationTextSerializer,
    )
    def get(self, request: Request, kind: str) -> Response:
        """A text with an example in it, as each channel says it."""
        language = _asked(TextQuerySerializer, request)["language"]
        return Response(NotificationTextSerializer(preview(kind=kind, language=language)).data)


@extend_schema(tags=TAGS)
class TryTextView(APIView):
    permission_classes = ACT

    @extend_schema(request=TryTextSerializer, responses=TriedSerializer)
    def post(self, request: Request, kind: str) -> Response:
        """Send that example to oneself."""
        asked = TryTextSerializer.checked(request)
        return Response(TriedSerializer(try_text(kind=kind, **_who(request), **asked)).data)


@extend_schema(tags=TAGS)
class BroadcastsView(ListAPIView[Broadcast]):
    """What staff told many people, newest first."""

    permission_classes = BROADCAST
    serializer_class = BroadcastSerializer
    ordering = ("-id",)
    queryset = Broadcast.objects.all()

    @extend_schema(request=WriteBroadcastSerializer, responses={201: BroadcastSerializer})
    def post(self, request: Request) -> Response:
        """Ask a second person to let a text go out. Needs the second factor proved within
        ``STEP_UP_SECONDS``."""
        require_fresh_second_factor(request)
        wish = WriteBroadcastSerializer.checked(request)
        segment = Segment(**wish.pop("segment"))
        made = request_broadcast(segment=segment, **_who(request), **wish)
        return Response(BroadcastSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=TAGS)
class BroadcastPreviewView(APIView):
    permission_classes: Any = (StaffPermission("notifications.broadcast"),)

    @extend_schema(request=WriteBroadcastSerializer, responses=BroadcastPreviewSerializer)
    def post(self, request: Request) -> Response:
        """How a broadcast would look, and how many people are in its segment. Nothing is kept."""
        wish = WriteBroadcastSerializer.checked(request)
        words = render(wish["kind"], "en", {"title": wish["title"], "body": wish["body"]})
        people = Segment(**wish["segment"]).count(clock.now())
        return Response(BroadcastPreviewSerializer({"people": people, "preview": words}).data)


@extend_schema(tags=TAGS)
class BroadcastView(APIView):
    permission_classes = VIEW

    @extend_schema(operation_id="staff_notifications_broadcast", responses=BroadcastSerializer)
    def get(self, request: Request, broadcast_id: UUID) -> Response:
        """One broadcast and how far it has come."""
        return Response(BroadcastSerializer(staff_selectors.broadcast(broadcast_id)).data)


@extend_schema(tags=TAGS)
class StopBroadcastView(APIView):
    permission_classes: Any = (StaffPermission("notifications.broadcast"),)

    @extend_schema(request=NotificationReasonSerializer, responses=BroadcastSerializer)
    def post(self, request: Request, broadcast_id: UUID) -> Response:
        """Tell nobody more."""
        why = NotificationReasonSerializer.checked(request)
        broadcast = stop_broadcast(broadcast_id=broadcast_id, **_who(request), **why)
        return Response(BroadcastSerializer(broadcast).data)
