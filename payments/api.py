"""``/api/v1/wallet``, ``ledger`` and ``prices``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.core import clock
from pairly.core.pagination import PairlyCursorPagination
from payments import selectors, services
from payments.pricing.price_list import public_prices
from payments.pricing.serializers import PricesSerializer
from payments.serializers import (
    HeadSerializer,
    ProofSerializer,
    TransactionSerializer,
    WalletSerializer,
)

__all__ = ["HeadView", "PricesView", "ProofView", "TransactionsView", "WalletView"]


class PricesView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(tags=["general"], responses=PricesSerializer)
    def get(self, request: Request) -> Response:
        """What messages and calls cost, in credits, now and next."""
        return Response(public_prices(clock.now()))


@extend_schema(tags=["wallet"])
class WalletView(APIView):
    @extend_schema(responses=WalletSerializer)
    def get(self, request: Request) -> Response:
        """One's credits."""
        return Response(selectors.wallet_of(request.user.id).to_dict())


@extend_schema(tags=["wallet"])
class TransactionsView(ListAPIView[Any]):
    """Every movement of one's credits, newest first."""

    serializer_class = TransactionSerializer
    pagination_class = PairlyCursorPagination

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        def read(last: Sequence[Any] | None, limit: int) -> list[selectors.Transaction]:
            position: tuple[datetime, str] | None = None if last is None else (last[0], last[1])
            return selectors.transactions_of(request.user.id, position, limit)

        paginator = PairlyCursorPagination()
        rows = paginator.paginate_reader(read, request, "transactions", selectors.ORDERING)
        return paginator.get_paginated_response(TransactionSerializer(rows, many=True).data)


@extend_schema(tags=["wallet"])
class HeadView(APIView):
    @extend_schema(responses=HeadSerializer)
    def get(self, request: Request) -> Response:
        """The newest signed head of the chain; keep it to notice a rewritten history later."""
        return Response(HeadSerializer(selectors.ledger_head()).data)


@extend_schema(tags=["wallet"])
class ProofView(APIView):
    @extend_schema(responses=ProofSerializer)
    def get(self, request: Request, transfer_id: str) -> Response:
        """Proof that one's transfer is in the chain; docs/ledger.md tells how to check it."""
        proof = services.prove(user_id=request.user.id, transfer_id=transfer_id, now=clock.now())
        return Response(ProofSerializer(proof).data)
