"""``/api/v1/attachments``: sending a file up, and reading one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.attachments.selectors import attachment_for, stored_file
from messaging.attachments.serializers import AttachmentSerializer, UploadSerializer
from messaging.attachments.services import upload
from pairly.core.downloads import send_file
from pairly.core.errors import ValidationFailed
from pairly.core.throttling import WindowThrottle

__all__ = ["DownloadThrottle", "DownloadView", "UploadView"]


class DownloadThrottle(WindowThrottle):
    """A page of a conversation may show a hundred pictures at once."""

    scope = "download"
    limit_setting = "RATE_DOWNLOAD_PER_MINUTE"

    def caller(self, request: Any) -> Sequence[str] | None:
        return "user", str(request.user.pk)


class UploadView(APIView):
    parser_classes = (MultiPartParser,)
    body_bytes_max = settings.UPLOAD_BODY_BYTES_MAX

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={201: AttachmentSerializer}
    )
    def post(self, request: Request) -> Response:
        """Upload one file, in the field `file`, to be sent by a message within a day. Its type is
        told by its content; images are made anew, without metadata."""
        wish = UploadSerializer.checked(request)
        if sum(len(files) for _name, files in request.FILES.lists()) > 1:
            raise ValidationFailed.of("file", "too_many", "Send one file at a time.")
        file = wish.pop("file")
        row = upload(owner_id=request.user.pk, file=file, name=file.name, **wish)
        return Response(AttachmentSerializer(row).data, status.HTTP_201_CREATED)


class AsItIs(BaseContentNegotiation):
    """A file has one form, whatever ``Accept`` says."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class DownloadView(APIView):
    content_negotiation_class = AsItIs
    throttle_classes = (DownloadThrottle,)

    @extend_schema(
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            304: None,
        }
    )
    def get(self, request: Request, attachment_id: UUID) -> HttpResponseBase:
        """The file's content, or the part of it that `Range` asks for. Its owner and the two of
        the conversation read it, as long as they see the message."""
        return send_file(request, stored_file(attachment_for(request.user.pk, attachment_id)))
