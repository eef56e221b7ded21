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

from messaging.selectors import (
    conversation_for,
    conversations_for,
    messages_in,
    views_for,
)
from messaging.serializers import (
    ConversationSerializer,
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
from messaging.services.conversations import open_conversation
from messaging.services.messages import check_send, send_messages
from messaging.services.receipts import check_receipt, update_receipts
from pairly.core.batching import writer
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of
from pairly.realtime.selectors import catch_up

__all__ = [
    "ConversationDetail",
    "ConversationList",
    "MessageList",
    "ReceiptUpdate",
    "Sync",
]


class ConversationList(APIView):
    @extend_schema(
        operation_id="conversations_list",
        responses=page_of(ConversationSerializer),
        parameters=PAGE_PARAMETERS,
    )
    def get(self, request: Request) -> Response:
        """The conversations of this person, most recent first."""
        user_id = request.user.pk

        def read(after: list[Any] | None, rows_max: int) -> list[Any]:
            before = (after[0], after[1]) if after else None
            return conversations_for(user_id, before=before, limit=rows_max)

        pages = PairlyCursorPagination()
        rows = pages.paginate_reader(read, request, "conversations", ("-updated_at", "-id"))
        return pages.get_paginated_response(
            ConversationSerializer(views_for(user_id, rows), many=True).data
        )

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


class MessageList(APIView):
    @extend_schema(
        operation_id="messages_list",
        parameters=[MessagePageSerializer],
        responses=page_of(MessageSerializer),
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Messages by number: `after_seq` ascending, else `before_seq` (or the newest)
        descending."""
        page = MessagePageSerializer(data=request.query_params)
        page.is_valid(raise_exception=True)
        wanted = page.validated_data
        conversation_for(request.user.pk, conversation_id)
        before_seq, after_seq = wanted.get("before_seq"), wanted.get("after_seq")
        rows = messages_in(
            conversation_id,
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
    user_id = request.user.pk
    (view,) = views_for(user_id, [conversation_for(user_id, conversation_id)])
    return ConversationSerializer(view).data
