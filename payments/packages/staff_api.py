"""``/api/v1/staff/payments/packages``: what is sold, as staff set it."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.packages.models import Package
from payments.packages.serializers import (
    ChangePackageSerializer,
    NewPackageSerializer,
    StaffPackageSerializer,
)
from payments.packages.services import change_package, create_package

__all__ = ["StaffPackageView", "StaffPackagesView"]

PERMISSIONS: Any = (StaffPermission("payments.view", acting="payments.act"),)


@extend_schema(tags=["staff"])
class StaffPackagesView(ListAPIView[Package]):
    """Every package, those that are not on offer too."""

    permission_classes = PERMISSIONS
    serializer_class = StaffPackageSerializer
    ordering = ("code",)
    queryset = Package.objects.all()

    @extend_schema(request=NewPackageSerializer, responses={201: StaffPackageSerializer})
    def post(self, request: Request) -> Response:
        """Put a new package on offer, at once. Needs the second factor proved within
        `STEP_UP_SECONDS`."""
        require_fresh_second_factor(request)
        package = create_package(**NewPackageSerializer.checked(request), **_who(request))
        return Response(StaffPackageSerializer(package).data, status=201)


@extend_schema(tags=["staff"])
class StaffPackageView(APIView):
    permission_classes = PERMISSIONS

    @extend_schema(responses=StaffPackageSerializer)
    def get(self, request: Request, code: str) -> Response:
        """One package."""
        return Response(StaffPackageSerializer(get_object_or_404(Package, pk=code)).data)

    @extend_schema(request=ChangePackageSerializer, responses=StaffPackageSerializer)
    def patch(self, request: Request, code: str) -> Response:
        """Change what a package holds and whether it is offered at once, and what it costs from
        a time on. Needs the second factor proved within `STEP_UP_SECONDS`."""
        require_fresh_second_factor(request)
        wish, who = ChangePackageSerializer.checked(request), _who(request)
        starts_at = wish.pop("starts_at") or who["now"]
        package = change_package(code=code, starts_at=starts_at, **wish, **who)
        return Response(StaffPackageSerializer(package).data)


def _who(request: Request) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "request_id": request_id_of(request),
        "now": clock.now(),
    }
