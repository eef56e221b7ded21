"""``/api/v1/staff/messages``: reading, exporting and erasing private messages, for programs."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from messaging import staff_reading
from messaging.attachments.api import AsItIs
from messaging.services.erasing import erase_for_ever
from messaging.staff_selectors import messages_of_conversation
from messaging.staff_serializers import (
    EraseSerializer,
    LookSerializer,
    StaffConversationPageSerializer,
    StaffMessagesQuerySerializer,
    StaffMessagesSerializer,
    StaffPageQuerySerializer,
)
from pairly.accounts.permissions import StaffPermission
from pairly.core.downloads import begins_anew, send_file, stream
from pairly.core.http import request_id_of

__all__ = [
    "EraseMessageView",
    "ExportConversationView",
    "StaffAttachmentView",
    "StaffConversationView",
    "StaffMessagesView",
]

TAGS = ["staff"]
VIEW: Any = (StaffPermission("content.view"),)


def _who(request: Request) -> dict[str, Any]:
    return {"actor_id": request.user.pk, "request_id": request_id_of(request)}


def _asked(serializer_class: Any, request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@extend_schema(tags=TAGS)
class StaffMessagesView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_messages_list",
        parameters=[StaffMessagesQuerySerializer],
        responses=StaffMessagesSerializer,
    )
    def get(self, request: Request) -> Response:
        """Private messages by id, of a conversation or by a person, newest first. The look is
        noted in the audit log, with its reason."""
        found = staff_reading.search(
            **_who(request), **_asked(StaffMessagesQuerySerializer, request)
        )
        shown = {"results": found.messages, "is_cut": found.is_cut}
        return Response(StaffMessagesSerializer(shown).data)


@extend_schema(tags=TAGS)
class StaffConversationView(APIView):
    permission_classes = VIEW

    @extend_schema(
        operation_id="staff_messages_conversation_retrieve",
        parameters=[StaffPageQuerySerializer],
        responses=StaffConversationPageSerializer,
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """A conversation of two people, newest message first, whatever became of each."""
        wanted = _asked(StaffPageQuerySerializer, request)
        conversation = staff_reading.open_conversation(
            conversation_id=conversation_id, **_who(request), reason=wanted["reason"]
        )
        limit = wanted["limit"]
        rows = messages_of_conversation(
            conversation_id,
            before_seq=wanted.get("before_seq"),
            after_seq=None,
            limit=limit + 1,
        )
        following = None
        if len(rows) > limit:
            rows = rows[:limit]
            url = request.build_absolute_uri()
            following = replace_query_param(url, "before_seq", rows[-1].seq)
        page = {"conversation": conversation, "results": rows, "next": following}
        return Response(StaffConversationPageSerializer(page).data)


@extend_schema(tags=TAGS)
class ExportConversationView(APIView):
    permission_classes: Any = (StaffPermission("content.act"),)
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="staff_messages_conversation_export",
        parameters=[LookSerializer],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request, conversation_id: UUID) -> HttpResponseBase:
        """All of a conversation, one line of JSON for each message."""
        lines = staff_reading.export_lines(
            conversation_id=conversation_id, **_who(request), **_asked(LookSerializer, request)
        )
        return stream(request, lines, content_type="application/x-ndjson")


@extend_schema(tags=TAGS)
class EraseMessageView(APIView):
    permission_classes: Any = (StaffPermission("content.erase"),)

    @extend_schema(request=EraseSerializer, responses={204: None})
    def post(self, request: Request, message_id: UUID) -> Response:
        """Remove a message's words and files for ever, wherever we keep them. Its number stays."""
        erase_for_ever(message_id=message_id, **_who(request), **EraseSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=TAGS)
class StaffAttachmentView(APIView):
    permission_classes = VIEW
    content_negotiation_class = AsItIs

    @extend_schema(
        responses={(200, "*/*"): OpenApiTypes.BINARY, (206, "*/*"): OpenApiTypes.BINARY, 304: None}
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponseBase:
        """A file that was sent, also where its message is hidden."""
        file = staff_reading.open_attachment(
            attachment_id=attachment_id, **_who(request), noted=begins_anew(request)
        )
        return send_file(request, file)
