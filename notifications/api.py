"""REST routes of notifications."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.models import Notification
from notifications.preferences.selectors import preferences_of, shown
from notifications.preferences.services import change_preferences
from notifications.receipts import read_token
from notifications.selectors import notifications_for, unread_count
from notifications.serializers import (
    ChangePreferencesSerializer,
    NotificationQuerySerializer,
    NotificationSerializer,
    PreferencesSerializer,
    ReceiptSerializer,
    UnreadSerializer,
)
from notifications.services.reading import Read, delete_notification, read_notifications
from notifications.services.receipts import Heard, note_receipts
from pairly.core import clock
from pairly.core.batching import writer

__all__ = [
    "NotificationView",
    "NotificationsView",
    "PreferencesView",
    "ReadAllView",
    "ReadView",
    "ReceiptView",
    "UnreadCountView",
]


class NotificationsView(ListAPIView[Notification]):
    """What this person was told, newest first. One that a newer one took the place of is gone."""

    serializer_class = NotificationSerializer
    ordering = ("-id",)
    queryset = Notification.objects.none()

    @extend_schema(parameters=[NotificationQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        asked = {k: v for k, v in self.request.query_params.items() if k == "unread"}
        query = NotificationQuerySerializer(data=asked)
        query.is_valid(raise_exception=True)
        return notifications_for(self.request.user.pk, unread=query.validated_data["unread"])


class UnreadCountView(APIView):
    @extend_schema(responses=UnreadSerializer)
    def get(self, request: Request) -> Response:
        """How many notifications are unread: the number on the bell."""
        return Response({"count": unread_count(request.user.pk)})


class ReadView(APIView):
    @extend_schema(request=None, responses=UnreadSerializer)
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Mark one as read; answers how many are unread now. Again does nothing."""
        result = writer.call(read_notifications, Read(request.user.pk, notification_id))
        return Response({"count": result.count})


class ReadAllView(APIView):
    @extend_schema(request=None, responses=UnreadSerializer)
    def post(self, request: Request) -> Response:
        """Mark all as read."""
        result = writer.call(read_notifications, Read(request.user.pk, None))
        return Response({"count": result.count})


class NotificationView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, notification_id: UUID) -> Response:
        """Take one from the list."""
        delete_notification(user_id=request.user.pk, notification_id=notification_id)
        return Response(status=204)


class ReceiptView(APIView):
    """A push brings a token (``receipt``) that is signed and names it, since what shows pushes on a
    device has no sign-in of its own. So callers are not counted either."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(request=ReceiptSerializer, responses={204: None})
    def post(self, request: Request, token: str) -> Response:
        """Say that a push has arrived on the device, or that the person opened it. Again, and the
        other way round, it is the same."""
        delivery_id = read_token(token)
        event = ReceiptSerializer.checked(request)["event"]
        note_receipts([Heard(delivery_id, event, clock.now())], channel="push")
        return Response(status=204)


class PreferencesView(APIView):
    @extend_schema(responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        """How this person wishes to be told. The time zone of quiet hours is that of `me`."""
        return Response(_preferences(request))

    @extend_schema(request=ChangePreferencesSerializer, responses=PreferencesSerializer)
    def put(self, request: Request) -> Response:
        """Choose; what is left out stays as it is. Refused: `cannot_be_refused` for what is
        always told."""
        wish = ChangePreferencesSerializer.checked(request)
        quiet = wish.get("quiet_hours")
        change_preferences(
            user_id=request.user.pk,
            language=wish.get("language"),
            marketing=wish.get("marketing"),
            quiet_hours=(quiet["start"], quiet["end"]) if quiet else None,
            quiet_given="quiet_hours" in wish,
            categories=wish.get("categories"),
        )
        return Response(_preferences(request))


def _preferences(request: Request) -> dict[str, Any]:
    user_id: Any = request.user.pk
    return shown(preferences_of([user_id])[user_id])
