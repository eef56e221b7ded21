"""Routes of attachments below ``/api/v1/``."""

from django.urls import path

from messaging.attachments.api import DownloadView, UploadView

urlpatterns = [
    path("attachments", UploadView.as_view(), name="attachments"),
    path("attachments/<uuid:attachment_id>", DownloadView.as_view(), name="attachment"),
]
