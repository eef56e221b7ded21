"""``/api/v1/staff/users/{id}/freeze`` and ``unfreeze``."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.models import REASON_LENGTH_MAX
from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core.http import request_id_of
from pairly.core.serializers import StrictSerializer
from payments.freezes import services
from payments.serializers import WalletSerializer

__all__ = ["FreezeView", "UnfreezeView"]

ACT: Any = (StaffPermission("credits.grant_any"),)


class UnfreezeSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH_MAX, help_text="For the audit log.")


class FreezeSerializer(UnfreezeSerializer):
    until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Absent: until somebody lifts it."
    )


class FreezeView(APIView):
    permission_classes = ACT

    @extend_schema(tags=["staff"], request=FreezeSerializer, responses=WalletSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        """Let a person spend no credits; the wallet afterwards. Needs a fresh second factor."""
        require_fresh_second_factor(request)
        given = FreezeSerializer.checked(request)
        wallet = services.freeze_spending(**_whom(request, user_id), **given)
        return Response(wallet.to_dict())


class UnfreezeView(APIView):
    permission_classes = ACT

    @extend_schema(tags=["staff"], request=UnfreezeSerializer, responses=WalletSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        """Let a person spend credits again. Needs a fresh second factor."""
        require_fresh_second_factor(request)
        given = UnfreezeSerializer.checked(request)
        wallet = services.unfreeze_spending(**_whom(request, user_id), **given)
        return Response(wallet.to_dict())


def _whom(request: Any, user_id: UUID) -> dict[str, Any]:
    return {
        "actor_id": request.user.pk,
        "user_id": user_id,
        "request_id": request_id_of(request),
    }
