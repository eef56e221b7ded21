"""``/api/v1/auth/second-factor``: proving it, enrolling, recovery codes, doing without."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.second_factor import services
from pairly.accounts.serializers import (
    EnrolmentSerializer,
    RecoveryCodesSerializer,
    RemoveSecondFactorSerializer,
    SecondFactorCodeSerializer,
)
from pairly.core.http import client_address, request_id_of

__all__ = ["ConfirmView", "EnrolView", "RecoveryCodesView", "SecondFactorView"]


class SecondFactorView(APIView):
    answers_unproved = ("POST",)

    @extend_schema(request=SecondFactorCodeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Prove it on this sign-in; again before what moves money."""
        values = SecondFactorCodeSerializer.checked(request)
        services.verify_code(user=request.user, sign_in=request.auth, **values)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=RemoveSecondFactorSerializer, responses={204: None})
    def delete(self, request: Request) -> Response:
        services.remove(
            user=request.user,
            sign_in=request.auth,
            address=client_address(request),
            **RemoveSecondFactorSerializer.checked(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class EnrolView(APIView):
    @extend_schema(request=None, responses=EnrolmentSerializer)
    def post(self, request: Request) -> Response:
        """A new authenticator; who has one proves that first."""
        enrolment = services.enrol(user=request.user, sign_in=request.auth)
        return Response(EnrolmentSerializer(enrolment).data)


class ConfirmView(APIView):
    @extend_schema(request=SecondFactorCodeSerializer, responses=RecoveryCodesSerializer)
    def post(self, request: Request) -> Response:
        """Finish with a code of the new authenticator. Other sign-ins have to prove it."""
        codes = services.confirm(
            user=request.user,
            sign_in=request.auth,
            request_id=request_id_of(request),
            **SecondFactorCodeSerializer.checked(request),
        )
        return Response({"recovery_codes": codes})


class RecoveryCodesView(APIView):
    @extend_schema(request=None, responses=RecoveryCodesSerializer)
    def post(self, request: Request) -> Response:
        """Ten new ones; the earlier are void."""
        codes = services.regenerate_recovery_codes(
            user=request.user, sign_in=request.auth, request_id=request_id_of(request)
        )
        return Response({"recovery_codes": codes})
