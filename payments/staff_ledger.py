"""``/api/v1/staff/ledger``: the ledger explorer for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.audit.services import look
from pairly.core import clock
from pairly.core.http import request_id_of
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of
from payments.ledger import explorer
from payments.ledger.models import Account, Block
from payments.staff_ledger_serializers import (
    StaffAccountSerializer,
    StaffAccountsQuerySerializer,
    StaffBlockSerializer,
    StaffTransferSerializer,
    StaffTransfersQuerySerializer,
    VerificationSerializer,
)

__all__ = ["StaffAccountsView", "StaffBlocksView", "StaffTransfersView", "VerifyLedgerView"]

VIEW: Any = (StaffPermission("ledger.view"),)


def look_at_owner(request: Any, owner_id: Any) -> None:
    if owner_id is not None:
        look(
            actor_id=request.user.pk,
            action="user.ledger_viewed",
            target_type="user",
            target_id=owner_id,
            request_id=request_id_of(request),
        )


def asked(serializer: Any, request: Request) -> dict[str, Any]:
    query = serializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


@extend_schema(tags=["staff"])
class StaffAccountsView(ListAPIView[Account]):
    """Accounts: the house's, then people's, who came last first. Those of the house keep no
    balance; blocks tell theirs."""

    permission_classes = VIEW
    serializer_class = StaffAccountSerializer
    ordering = ("-key",)
    queryset = Account.objects.none()

    @extend_schema(parameters=[StaffAccountsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        text = asked(StaffAccountsQuerySerializer, self.request).get("q", "")
        look_at_owner(self.request, explorer.owner_of(text))
        return explorer.find_accounts(text)


@extend_schema(tags=["staff"])
class StaffTransfersView(APIView):
    permission_classes = VIEW

    @extend_schema(
        parameters=[StaffTransfersQuerySerializer, *PAGE_PARAMETERS],
        responses=page_of(StaffTransferSerializer),
    )
    def get(self, request: Request) -> Response:
        """Transfers, newest first; with an operation and no time, in the order of their ids."""
        values = asked(StaffTransfersQuerySerializer, request)
        owner_id = values.pop("user_id", None)
        look_at_owner(request, owner_id)
        wanted = explorer.TransferFilter(owner_id=owner_id, **values)
        pages = PairlyCursorPagination()
        rows = pages.paginate_reader(
            wanted.page, request, f"staff transfers:{owner_id}", wanted.ordering
        )
        return pages.get_paginated_response(StaffTransferSerializer(rows, many=True).data)


@extend_schema(tags=["staff"])
class StaffBlocksView(ListAPIView[Block]):
    """Sealed blocks, newest first."""

    permission_classes = VIEW
    serializer_class = StaffBlockSerializer
    ordering = ("-number",)
    queryset = Block.objects.all()


@extend_schema(tags=["staff"])
class VerifyLedgerView(APIView):
    permission_classes: Any = (StaffPermission("payments.act"),)

    @extend_schema(request=None, responses=VerificationSerializer)
    def post(self, request: Any) -> Response:
        """Verify what came since the last verification."""
        report = explorer.verify_for_staff(
            actor_id=request.user.pk, now=clock.now(), request_id=request_id_of(request)
        )
        return Response(VerificationSerializer(report).data)
