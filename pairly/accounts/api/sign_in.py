"""``/api/v1/auth/``: registering, signing in and out, passwords, verification."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from pairly.accounts import selectors, services
from pairly.accounts.serializers import (
    USER_AGENT_LENGTH_MAX,
    ChangePasswordSerializer,
    ConfirmResetSerializer,
    DeviceSerializer,
    LoginSerializer,
    RegisterSerializer,
    ResetSerializer,
    SignedInSerializer,
    TicketSerializer,
    VerifyEmailSerializer,
)
from pairly.accounts.services import Origin
from pairly.accounts.throttling import MailThrottle
from pairly.core import clock
from pairly.core.http import SignInThrottle, UserThrottle, client_address

__all__ = [
    "ChangePasswordView",
    "ConfirmResetView",
    "DeviceView",
    "DevicesView",
    "LoginView",
    "LogoutAllView",
    "LogoutView",
    "RegisterView",
    "ResendCodeView",
    "ResetView",
    "TicketView",
    "VerifyEmailView",
]

DEVICE_LIST = inline_serializer(
    "DeviceList",
    {"results": DeviceSerializer(many=True), "next": serializers.CharField(allow_null=True)},
)


class PublicView(APIView):
    """For those who have no token yet; one that is sent along is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: Sequence[type[BaseThrottle]] = (UserThrottle, SignInThrottle)


class RegisterView(PublicView):
    @extend_schema(request=RegisterSerializer, responses={201: SignedInSerializer})
    def post(self, request: Request) -> Response:
        values = RegisterSerializer.checked(request)
        origin = _origin(request, values.pop("device_name", ""))
        signed_in = services.register(**values, origin=origin)
        return Response(SignedInSerializer(signed_in).data, status.HTTP_201_CREATED)


class LoginView(PublicView):
    @extend_schema(request=LoginSerializer, responses=SignedInSerializer)
    def post(self, request: Request) -> Response:
        values = LoginSerializer.checked(request)
        origin = _origin(request, values.pop("device_name", ""))
        return Response(SignedInSerializer(services.sign_in(**values, origin=origin)).data)


class LogoutView(APIView):
    answers_unproved = ("POST",)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        services.end_device(user_id=request.user.pk, device_id=request.auth.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        services.end_devices(user_id=request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DevicesView(APIView):
    @extend_schema(responses=DEVICE_LIST)
    def get(self, request: Request) -> Response:
        devices = selectors.devices_of(request.user.pk, clock.now())
        data = DeviceSerializer(devices, many=True, context={"device_id": request.auth.pk}).data
        return Response({"results": data, "next": None})


class DeviceView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, device_id: UUID) -> Response:
        services.end_device(user_id=request.user.pk, device_id=device_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangePasswordView(APIView):
    @extend_schema(request=ChangePasswordSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        services.change_password(
            user=request.user,
            device_id=request.auth.pk,
            address=client_address(request),
            **ChangePasswordSerializer.checked(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetView(PublicView):
    @extend_schema(request=ResetSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        services.request_password_reset(**ResetSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConfirmResetView(PublicView):
    throttle_classes = (UserThrottle,)

    @extend_schema(request=ConfirmResetSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        services.reset_password(**ConfirmResetSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyEmailView(APIView):
    @extend_schema(request=VerifyEmailSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        services.verify_email(user=request.user, **VerifyEmailSerializer.checked(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendCodeView(APIView):
    throttle_classes = (UserThrottle, MailThrottle)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        services.request_email_code(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TicketView(APIView):
    @extend_schema(request=None, responses=TicketSerializer)
    def post(self, request: Request) -> Response:
        ticket = services.issue_socket_ticket(device_id=request.auth.pk)
        return Response({"ticket": ticket, "expires_in": settings.SOCKET_TICKET_LIFETIME_SECONDS})


def _origin(request: Request, device_name: str) -> Origin:
    return Origin(
        device_name=device_name,
        address=client_address(request),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LENGTH_MAX],
    )
