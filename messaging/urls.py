"""Routes of messaging below ``/api/v1/``."""

from django.urls import include, path

from messaging import staff_api
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
    path("staff/messages", staff_api.StaffMessagesView.as_view(), name="staff-messages"),
    path(
        "staff/messages/<uuid:message_id>/erase",
        staff_api.EraseMessageView.as_view(),
        name="staff-erase-message",
    ),
    path(
        "staff/messages/conversations/<uuid:conversation_id>",
        staff_api.StaffConversationView.as_view(),
        name="staff-conversation",
    ),
    path(
        "staff/messages/conversations/<uuid:conversation_id>/export",
        staff_api.ExportConversationView.as_view(),
        name="staff-export-conversation",
    ),
    path(
        "staff/messages/attachments/<uuid:attachment_id>",
        staff_api.StaffAttachmentView.as_view(),
        name="staff-attachment",
    ),
    path("sync", Sync.as_view()),
]
