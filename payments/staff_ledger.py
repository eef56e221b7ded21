"""``/api/v1/staff/ledger``: the ledger explorer for programs."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.staff_selectors import person
from pairly.core import clock
from pairly.core.http import request_id_of
from pairly.core.pagination import PAGE_PARAMETERS, PairlyCursorPagination, page_of
from pairly.core.tabular import CONTENT_TYPES
from payments.ledger import explorer
from payments.ledger.models import Account, Block
from payments.ledger.proofs import prove_any
from payments.ledger.search import Search
from payments.ledger.statements import ORDERING, Statement
from payments.serializers import ProofSerializer
from payments.staff_ledger_access import download, look_at_owner, look_at_sides
from payments.staff_ledger_serializers import (
    ChainSerializer,
    ExportQuerySerializer,
    StaffAccountSerializer,
    StaffAccountsQuerySerializer,
    StaffBlockSerializer,
    StaffTransferDetailSerializer,
    StaffTransferSerializer,
    StaffTransfersPageSerializer,
    StaffTransfersQuerySerializer,
    StatementExportQuerySerializer,
    StatementLineSerializer,
    TimesQuerySerializer,
    VerificationSerializer,
)
from payments.staff_lists import wanted

__all__ = [
    "ChainView",
    "ExportStatementView",
    "ExportTransfersView",
    "StaffAccountView",
    "StaffAccountsView",
    "StaffBlocksView",
    "StaffProofView",
    "StaffTransferView",
    "StaffTransfersView",
    "StatementView",
    "VerifyLedgerView",
]

VIEW: Any = (StaffPermission("ledger.view"),)
EXPORT: Any = (StaffPermission("exports.act"),)
FILES = {(200, content_type): OpenApiTypes.STR for content_type in CONTENT_TYPES.values()}
TAGS = ["staff"]


@extend_schema(tags=TAGS)
class StaffAccountsView(ListAPIView[Account]):
    """Accounts: the house's, then people's, who came last first."""

    permission_classes = VIEW
    serializer_class = StaffAccountSerializer
    ordering = ("-key",)
    queryset = Account.objects.none()

    @extend_schema(parameters=[StaffAccountsQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        text = wanted(StaffAccountsQuerySerializer, self.request).get("q", "")
        look_at_owner(self.request, explorer.owner_of(text))
        return explorer.find_accounts(text)

    def get_serializer_context(self) -> dict[str, Any]:
        context: dict[str, Any] = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):  # describing the route asks no database
            context["house_totals"] = explorer.house_totals()
        return context


class StaffAccountView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=StaffAccountSerializer)
    def get(self, request: Request, account_id: UUID) -> Response:
        account = get_object_or_404(Account, pk=account_id)
        look_at_owner(request, account.owner_id)
        context = {"house_totals": explorer.house_totals()}
        return Response(StaffAccountSerializer(account, context=context).data)


class StaffTransfersView(APIView):
    permission_classes = VIEW

    @extend_schema(
        tags=TAGS,
        parameters=[StaffTransfersQuerySerializer, *PAGE_PARAMETERS],
        responses=StaffTransfersPageSerializer,
        operation_id="staff_ledger_transfers_list",
    )
    def get(self, request: Request) -> Response:
        """Transfers, newest first; of an operation or a group in the order of their ids. Where
        no index leads to all that is asked for, `cut_at` tells how far back was looked: ask
        again with it as `until`."""
        values = wanted(StaffTransfersQuerySerializer, request)
        owner_id = values.pop("user_id", None)
        look_at_owner(request, owner_id)
        search = Search(owner_id=owner_id, **values)
        pages = PairlyCursorPagination()
        label = f"staff transfers:{owner_id}:{values}"
        rows = pages.paginate_reader(search.page, request, label, search.ordering)
        response = pages.get_paginated_response(StaffTransferSerializer(rows, many=True).data)
        response.data["cut_at"] = search.cut_at
        return response


class StaffTransferView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=StaffTransferDetailSerializer)
    def get(self, request: Request, transfer_id: str) -> Response:
        """One transfer, its place in the chain, and what belongs to it."""
        detail = explorer.detail_of(transfer_id)
        look_at_sides(request, detail)
        return Response(StaffTransferDetailSerializer(detail).data)


class StaffProofView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=ProofSerializer)
    def get(self, request: Request, transfer_id: str) -> Response:
        """Proof that a transfer is in the chain; docs/ledger.md tells how to check it."""
        look_at_sides(request, explorer.detail_of(transfer_id))
        proof = prove_any(transfer_id=transfer_id, now=clock.now())
        return Response(ProofSerializer(proof).data)


class StatementView(APIView):
    permission_classes = VIEW

    @extend_schema(
        tags=TAGS,
        parameters=[TimesQuerySerializer, *PAGE_PARAMETERS],
        responses=page_of(StatementLineSerializer),
        operation_id="staff_ledger_statements_list",
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """A person's transactions and what stood on their accounts afterwards, newest first."""
        look_at_owner(request, person(user_id).pk)
        times = wanted(TimesQuerySerializer, request)
        statement = Statement(user_id, **times)
        pages = PairlyCursorPagination()
        label = f"statement:{user_id}:{times}"
        rows = pages.paginate_reader(statement.page, request, label, ORDERING)
        return pages.get_paginated_response(StatementLineSerializer(rows, many=True).data)


class ExportTransfersView(APIView):
    permission_classes = EXPORT

    @extend_schema(tags=TAGS, parameters=[ExportQuerySerializer], responses=FILES)
    def get(self, request: Request) -> HttpResponseBase:
        """Every sealed transfer of a time and kind, in the order of the chain, as a file. An
        export that can be verified by itself is made by `manage.py export_ledger`."""
        return download(request, **wanted(ExportQuerySerializer, request))


class ExportStatementView(APIView):
    permission_classes = EXPORT

    @extend_schema(tags=TAGS, parameters=[StatementExportQuerySerializer], responses=FILES)
    def get(self, request: Request, user_id: UUID) -> HttpResponseBase:
        """A person's statement as a file, newest first."""
        user_id = person(user_id).pk
        return download(request, user_id=user_id, **wanted(StatementExportQuerySerializer, request))


@extend_schema(tags=TAGS)
class StaffBlocksView(ListAPIView[Block]):
    """Sealed blocks with their signed heads, newest first."""

    permission_classes = VIEW
    serializer_class = StaffBlockSerializer
    ordering = ("-number",)
    queryset = Block.objects.all()


class ChainView(APIView):
    permission_classes = VIEW

    @extend_schema(tags=TAGS, responses=ChainSerializer)
    def get(self, request: Request) -> Response:
        """How far sealing and verification have come."""
        return Response(ChainSerializer(explorer.chain()).data)


class VerifyLedgerView(APIView):
    permission_classes: Any = (StaffPermission("payments.act"),)

    @extend_schema(tags=TAGS, request=None, responses=VerificationSerializer)
    def post(self, request: Any) -> Response:
        """Verify what came since the last verification."""
        report = explorer.verify_for_staff(
            actor_id=request.user.pk, now=clock.now(), request_id=request_id_of(request)
        )
        return Response(VerificationSerializer(report).data)
