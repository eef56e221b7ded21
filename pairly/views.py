"""What belongs to no app: the API's index, its configuration, its descriptions and their pages."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from messaging.attachments.types import ALLOWED
from notifications.push.selectors import public_push_keys
from pairly.asyncapi import (
    CLOSE_CODE_MEANINGS,
    all_frames,
    asyncapi_document,
    described_fields,
    described_shapes,
)
from pairly.core import clock
from pairly.core.pagination import PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX
from pairly.realtime.consumers import FRAME_BYTES_MAX
from pairly.realtime.frames import COMMANDS, EVENTS
from pairly.realtime.routing import SOCKETS
from pairly.schema import error_table
from pairly.serializers import ConfigSerializer, IndexSerializer
from payments.gateways.registry import gateway_named, provider_names
from payments.pricing.price_list import public_prices

__all__ = [
    "AsyncAPIView",
    "ConfigView",
    "DocsView",
    "ErrorsPageView",
    "IndexView",
    "RealtimePageView",
]

FIVE_MINUTES = {"Cache-Control": "public, max-age=300"}


class PublicView(APIView):
    """Open to everybody, yet counted."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


@extend_schema(tags=["general"])
class IndexView(PublicView):
    @extend_schema(operation_id="index", responses=IndexSerializer)
    def get(self, request: Request) -> Response:
        """Where to read on."""
        names = ("config", "schema", "docs", "asyncapi", "realtime-docs", "error-docs")
        links = {name.replace("-", "_"): reverse(name, request=request) for name in names}
        return Response(
            {"name": "Pairly", "version": settings.API_VERSION, "links": links},
            headers=FIVE_MINUTES,
        )


@extend_schema(tags=["general"])
class ConfigView(PublicView):
    @extend_schema(operation_id="config", responses=ConfigSerializer)
    def get(self, request: Request) -> Response:
        """What a client asks for at its start: limits, prices, versions, push keys."""
        return Response(_config(), headers=FIVE_MINUTES)


@extend_schema(exclude=True)
class AsyncAPIView(PublicView):
    def get(self, request: Request) -> Response:
        return Response(asyncapi_document(), headers=FIVE_MINUTES)


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI; its script comes apart, so that the page needs no inline script."""

    url_name = "schema"
    template_name = "docs/rest.html"
    title = "Pairly REST API"


class PageView(PublicView):
    renderer_classes = (TemplateHTMLRenderer,)


@extend_schema(exclude=True)
class RealtimePageView(PageView):
    def get(self, request: Request) -> Response:
        return Response(_realtime_page(), template_name="docs/realtime.html")


@extend_schema(exclude=True)
class ErrorsPageView(PageView):
    def get(self, request: Request) -> Response:
        context = {"title": "Errors", "errors": error_table()}
        return Response(context, template_name="docs/errors.html")


def _config() -> dict[str, Any]:
    return {
        "limits": {
            "message_text_characters_max": settings.MESSAGE_TEXT_CHARACTERS_MAX,
            "message_attachments_max": settings.MESSAGE_ATTACHMENTS_MAX,
            "message_edit_minutes": settings.MESSAGE_EDIT_MINUTES,
            "message_delete_minutes": settings.MESSAGE_DELETE_MINUTES,
            "first_messages_unanswered_max": settings.FIRST_MESSAGES_UNANSWERED_MAX,
            "new_conversations_per_day_max": settings.NEW_CONVERSATIONS_PER_DAY_MAX,
            "messages_max": settings.MESSAGES_MAX,
            "messages_window_seconds": settings.MESSAGES_WINDOW_SECONDS,
            "typing_interval_seconds": settings.TYPING_INTERVAL_SECONDS,
            "typing_expiry_seconds": settings.TYPING_EXPIRY_SECONDS,
            "page_rows_default": PAGE_ROWS_DEFAULT,
            "page_rows_max": PAGE_ROWS_MAX,
            "sync_events_max": settings.SYNC_EVENTS_MAX,
            "requests_per_minute": settings.RATE_USER_PER_MINUTE,
            "money_requests_per_minute": settings.RATE_MONEY_PER_MINUTE,
            "sign_ins_per_minute": settings.RATE_SIGN_IN_PER_MINUTE,
            "request_body_bytes_max": settings.REQUEST_BODY_BYTES_MAX,
            "upload_body_bytes_max": settings.UPLOAD_BODY_BYTES_MAX,
            "socket_frame_bytes_max": FRAME_BYTES_MAX,
            "socket_heartbeat_seconds": settings.SOCKET_HEARTBEAT_SECONDS,
            "ring_timeout_seconds": settings.RING_TIMEOUT_SECONDS,
            "call_media_timeout_seconds": settings.CALL_MEDIA_TIMEOUT_SECONDS,
            "call_heartbeat_seconds": settings.CALL_HEARTBEAT_SECONDS,
            "call_grace_seconds": settings.CALL_GRACE_SECONDS,
            "call_invites_max": settings.CALL_INVITES_MAX,
            "call_invites_window_seconds": settings.CALL_INVITES_WINDOW_SECONDS,
        },
        "attachments": {
            "content_types": sorted(ALLOWED),
            "image_bytes_max": settings.ATTACHMENT_IMAGE_BYTES_MAX,
            "audio_bytes_max": settings.ATTACHMENT_AUDIO_BYTES_MAX,
            "video_bytes_max": settings.ATTACHMENT_VIDEO_BYTES_MAX,
            "file_bytes_max": settings.ATTACHMENT_FILE_BYTES_MAX,
            "image_side_pixels_max": settings.ATTACHMENT_IMAGE_SIDE_PIXELS_MAX,
            "per_day_max": settings.ATTACHMENTS_PER_DAY_MAX,
        },
        "prices": public_prices(clock.now()),
        "client_versions_min": {
            "android": settings.CLIENT_VERSION_MIN_ANDROID,
            "ios": settings.CLIENT_VERSION_MIN_IOS,
            "web": settings.CLIENT_VERSION_MIN_WEB,
        },
        "push_keys": public_push_keys(),
        "payment_providers": [
            {"name": name, "public_key": gateway_named(name).public_key}
            for name in provider_names()
        ],
    }


def _realtime_page() -> dict[str, Any]:
    """Commands and events by feature, each with the fields of its data."""
    features = sorted({one.feature for one in all_frames()})
    return {
        "title": "Realtime",
        "sockets": [f"/{pattern.pattern}" for pattern in SOCKETS],
        "features": [
            {
                "name": feature,
                "commands": [
                    {
                        "type": one.type,
                        "summary": one.summary,
                        "data": described_fields(one.data_type),
                        "ack": described_fields(one.ack_type),
                    }
                    for one in COMMANDS.values()
                    if one.feature == feature
                ],
                "events": [
                    {
                        "type": one.type,
                        "summary": one.summary,
                        "durable": one.durable,
                        "data": described_fields(one.data_type),
                    }
                    for one in EVENTS.values()
                    if one.feature == feature
                ],
            }
            for feature in features
        ],
        "shapes": described_shapes(),
        "close_codes": [(int(code), text) for code, text in CLOSE_CODE_MEANINGS.items()],
    }
