"""Routes of messaging below ``/api/v1/``."""

from django.urls import include, path

from messaging.api import (
    ConversationDetail,
    ConversationList,
    MessageDetail,
    MessageList,
    ReceiptUpdate,
    Sync,
)

urlpatterns = [
    path("", include("messaging.attachments.urls")),
    path("conversations", ConversationList.as_view()),
    path("conversations/<uuid:conversation_id>", ConversationDetail.as_view()),
    path("conversations/<uuid:conversation_id>/messages", MessageList.as_view()),
    path("conversations/<uuid:conversation_id>/receipts", ReceiptUpdate.as_view()),
    path("messages/<uuid:message_id>", MessageDetail.as_view()),
    path("sync", Sync.as_view()),
]
