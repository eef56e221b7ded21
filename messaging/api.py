"""REST routes of messaging: the same calls as the socket's."""

from typing import Any
from uuid import UUID

import msgspec
import orjson
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from messaging.models import Folder
from messaging.selectors import (
    conversation_for,
    conversations_for,
    message_for,
    messages_for,
    view_for,
    views_of,
)
from messaging.serializers import (
    ChangeConversationSerializer,
    ConversationQuerySerializer,
    ConversationSerializer,
    DeleteMessageSerializer,
    EditMessageSerializer,
    MessagePageSerializer,
    MessageSerializer,
    OpenConversationSerializer,
    ReceiptSerializer,
    SendMessageSerializer,
    SentMessageSerializer,
    SyncQuerySerializer,
    SyncSerializer,
    UpdateReceiptSerializer,
)
from messaging.services.conversations import (
    ChangeConversation,
    change_conversations,
    open_conversation,
)
from messaging.services.deletions import DeleteMessage, delete_messages
from messaging.services.edits import check_edit, edit_messages
from messaging.services.messages import send_messages
from messaging.services.receipts import check_receipt, update_receipts
from messaging.services.send_requests import check_send
from pairly.core.batching import writer
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of
from pairly.realtime.selectors import catch_up

__all__ = [
    "ConversationDetail",
    "ConversationList",
    "MessageDetail",
    "MessageList",
    "ReceiptUpdate",
    "Sync",
]


class ConversationList(APIView):
    @extend_schema(
        operation_id="conversations_list",
        responses=page_of(ConversationSerializer),
        parameters=[ConversationQuerySerializer, *PAGE_PARAMETERS],
    )
    def get(self, request: Request) -> Response:
        """The conversations of this person, most recent first; `archived` ones apart."""
        user_id = request.user.pk
        query = ConversationQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        folder = Folder.ARCHIVED if query.validated_data["archived"] else Folder.INBOX

        def read(after: list[Any] | None, rows_max: int) -> list[Any]:
            before = (after[0], after[1]) if after else None
            return conversations_for(user_id, folders=[folder], before=before, limit=rows_max)

        pages = PairlyCursorPagination()
        label = f"conversations {folder.label}"
        rows = pages.paginate_reader(read, request, label, ("-updated_at", "-id"))
        return pages.get_paginated_response(ConversationSerializer(views_of(rows), many=True).data)

    @extend_schema(
        request=OpenConversationSerializer,
        responses={200: ConversationSerializer, 201: ConversationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Open the conversation with a person; 200 when it was open already."""
        wish = OpenConversationSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        conversation_id, opened = open_conversation(
            user_id=request.user.pk, other_id=wish.validated_data["user_id"]
        )
        return Response(_shown(request, conversation_id), status=201 if opened else 200)


class ConversationDetail(APIView):
    @extend_schema(responses=ConversationSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """One conversation: counters, receipts and the newest message."""
        return Response(_shown(request, conversation_id))

    @extend_schema(request=ChangeConversationSerializer, responses=ConversationSerializer)
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        """Mute or archive it for this person. A new message brings it back from the archive."""
        wish = ChangeConversationSerializer.checked(request)
        writer.call(
            change_conversations, ChangeConversation(request.user.pk, conversation_id, **wish)
        )
        return Response(_shown(request, conversation_id))


class MessageList(APIView):
    @extend_schema(
        operation_id="messages_list",
        parameters=[MessagePageSerializer],
        responses=page_of(MessageSerializer),
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Messages by number: `after_seq` ascending, else `before_seq` (or the newest)
        descending. Those that this person deleted for themselves are left out."""
        page = MessagePageSerializer(data=request.query_params)
        page.is_valid(raise_exception=True)
        wanted = page.validated_data
        conversation = conversation_for(request.user.pk, conversation_id)
        before_seq, after_seq = wanted.get("before_seq"), wanted.get("after_seq")
        rows = messages_for(
            request.user.pk,
            conversation,
            before_seq=before_seq,
            after_seq=after_seq,
            limit=wanted["limit"] + 1,
        )
        more, rows = len(rows) > wanted["limit"], rows[: wanted["limit"]]
        direction = "before_seq" if after_seq is None else "after_seq"
        next_page = (
            replace_query_param(request.build_absolute_uri(), direction, rows[-1].seq)
            if more
            else None
        )
        return Response({"results": MessageSerializer(rows, many=True).data, "next": next_page})

    @extend_schema(
        request=SendMessageSerializer,
        responses={200: SentMessageSerializer, 201: SentMessageSerializer},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Send a message; 200 with the first one when the client_id was used before."""
        wish = SendMessageSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        result = writer.call(
            send_messages,
            check_send(
                sender_id=request.user.pk,
                conversation_id=conversation_id,
                to_user_id=None,
                **wish.validated_data,
            ),
        )
        body = {
            **msgspec.to_builtins(result.message),
            "wallet": result.wallet.to_dict(),
            "position": result.position,
        }
        return Response(body, status=200 if result.repeated else 201)


class MessageDetail(APIView):
    @extend_schema(responses=MessageSerializer)
    def get(self, request: Request, message_id: UUID) -> Response:
        """One message, for example the one that another replies to."""
        return Response(MessageSerializer(message_for(request.user.pk, message_id)).data)

    @extend_schema(request=EditMessageSerializer, responses=MessageSerializer)
    def patch(self, request: Request, message_id: UUID) -> Response:
        """Give one's own message another text, for some minutes after it was sent."""
        wish = EditMessageSerializer.checked(request)
        result = writer.call(
            edit_messages, check_edit(user_id=request.user.pk, message_id=message_id, **wish)
        )
        return Response(msgspec.to_builtins(result.message))

    @extend_schema(parameters=[DeleteMessageSerializer], responses={204: None})
    def delete(self, request: Request, message_id: UUID) -> Response:
        """Delete a message `for` `me` (any, at any time) or `both` (one's own, for some time)."""
        query = DeleteMessageSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wish = DeleteMessage(request.user.pk, message_id, query.validated_data["for"])
        writer.call(delete_messages, wish)
        return Response(status=204)


class ReceiptUpdate(APIView):
    @extend_schema(request=UpdateReceiptSerializer, responses=ReceiptSerializer)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Move the delivered and read watermarks forward; read implies delivered."""
        wish = UpdateReceiptSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        result = writer.call(
            update_receipts,
            check_receipt(
                user_id=request.user.pk,
                conversation_id=conversation_id,
                delivered_seq=wish.validated_data.get("delivered_seq"),
                read_seq=wish.validated_data.get("read_seq"),
            ),
        )
        return Response(msgspec.to_builtins(result.receipt))


class Sync(APIView):
    @extend_schema(parameters=[SyncQuerySerializer], responses=SyncSerializer)
    def get(self, request: Request) -> Response:
        """This person's events after a position; the same as the socket's `sync`."""
        query = SyncQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = catch_up(request.user.pk, query.validated_data["since"])
        events = [
            {"type": event.type, "position": event.position, "data": orjson.loads(event.data)}
            for event in found.events
        ]
        return Response({"position": found.position, "resync": found.resync, "events": events})


def _shown(request: Request, conversation_id: UUID) -> Any:
    return ConversationSerializer(view_for(request.user.pk, conversation_id)).data
