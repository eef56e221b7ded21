"""``/api/v1/me``, ``users``, ``blocks`` and ``reports``."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts import exports, selectors, services
from pairly.accounts.models import Block, Report, User
from pairly.accounts.serializers import (
    BlockSerializer,
    DeleteAccountSerializer,
    DirectorySerializer,
    PhotoSerializer,
    ProfileSerializer,
    PublicUserSerializer,
    ReportInputSerializer,
    ReportSerializer,
    UserSerializer,
)
from pairly.accounts.throttling import ExportThrottle
from pairly.core import clock
from pairly.core.http import UserThrottle, client_address

__all__ = [
    "BlockView",
    "BlocksView",
    "DirectoryView",
    "ExportView",
    "MeView",
    "PhotoView",
    "ReportsView",
    "UserPhotoView",
    "UserView",
]

MULTIPART_OVERHEAD_BYTES = 64 * 1024


class MeView(APIView):
    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)

    @extend_schema(request=ProfileSerializer, responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = services.update_profile(user=request.user, changes=serializer.validated_data)
        return Response(UserSerializer(user).data)

    @extend_schema(request=DeleteAccountSerializer, responses={204: None})
    def delete(self, request: Request) -> Response:
        serializer = DeleteAccountSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.delete_account(
            user=request.user, address=client_address(request), **serializer.validated_data
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class PhotoView(APIView):
    parser_classes = (MultiPartParser,)
    body_bytes_max = settings.PHOTO_BYTES_MAX + MULTIPART_OVERHEAD_BYTES

    @extend_schema(request={"multipart/form-data": PhotoSerializer}, responses=UserSerializer)
    def put(self, request: Request) -> Response:
        serializer = PhotoSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        upload = serializer.validated_data["photo"]
        user = services.set_photo(user=request.user, file=upload, size_bytes=upload.size)
        return Response(UserSerializer(user).data)


class ExportView(APIView):
    throttle_classes = (UserThrottle, ExportThrottle)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        parts = exports.export_of(request.user.pk)
        return Response({"exported_at": clock.now(), **parts})


class DirectoryView(ListAPIView[User]):
    """People to meet, recently active first. How many there are is not told."""

    serializer_class = PublicUserSerializer
    ordering = ("-last_active_at", "-id")
    queryset = User.objects.none()

    @extend_schema(parameters=[DirectorySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        serializer = DirectorySerializer(data=self.request.query_params)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        wanted = {name: values.get(name) for name in ("min_age", "max_age", "country")}
        return selectors.directory_for(self.request.user, selectors.DirectoryFilter(**wanted))


class UserView(APIView):
    @extend_schema(responses=PublicUserSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        return Response(PublicUserSerializer(selectors.user_for(request.user, user_id)).data)


class UserPhotoView(APIView):
    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, user_id: UUID) -> HttpResponse:
        content = selectors.photo_for(request.user, user_id)
        response = HttpResponse(content, content_type="image/jpeg")
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response


class BlocksView(ListAPIView[Block]):
    """Whom one blocks, newest first."""

    serializer_class = BlockSerializer
    ordering = ("-id",)
    queryset = Block.objects.none()

    def get_queryset(self) -> Any:
        return selectors.blocks_of(self.request.user.pk)


class BlockView(APIView):
    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, user_id: UUID) -> Response:
        services.block(blocker=request.user, blocked_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, user_id: UUID) -> Response:
        services.unblock(blocker=request.user, blocked_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReportsView(APIView):
    @extend_schema(
        request=ReportInputSerializer, responses={201: ReportSerializer, 200: ReportSerializer}
    )
    def post(self, request: Request) -> Response:
        serializer = ReportInputSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        report, is_new = services.report(reporter=request.user, **_report_values(serializer))
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(ReportSerializer(report).data, code)


def _report_values(serializer: ReportInputSerializer) -> dict[str, Any]:
    values: dict[str, Any] = serializer.validated_data
    return {
        **values,
        "target_type": Report.TargetType(values["target_type"]),
        "reason": Report.Reason(values["reason"]),
    }
