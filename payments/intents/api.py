"""``/api/v1/packages`` and ``payments``: what is sold, buying it, and the receipt."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.core import clock
from pairly.core.idempotent import IDEMPOTENCY_KEY, idempotent
from pairly.core.throttling import MoneyThrottle, UserThrottle, client_address
from payments.fraud.country import country_of
from payments.intents import selectors, services
from payments.intents.models import Intent
from payments.intents.serializers import (
    IntentSerializer,
    NewIntentSerializer,
    PackageSerializer,
    PurchaseReceiptSerializer,
)
from payments.packages.selectors import offers
from payments.refunds.selectors import refunds_told

__all__ = ["CancelView", "IntentView", "IntentsView", "PackagesView", "ReceiptView"]


class PackagesView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["payments"], operation_id="packages_list", responses=PackageSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """What can be bought, the smallest package first; a plain list."""
        return Response(PackageSerializer(offers(clock.now()), many=True).data)


@extend_schema(tags=["payments"])
class IntentsView(ListAPIView[Intent]):
    """One's intents, newest first."""

    serializer_class = IntentSerializer
    throttle_classes = (UserThrottle, MoneyThrottle)
    ordering = ("-id",)
    queryset = Intent.objects.none()

    def get_queryset(self) -> "QuerySet[Intent]":
        return selectors.intents_of(self.request.user.pk)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=NewIntentSerializer, responses={201: IntentSerializer}
    )
    @idempotent
    def post(self, request: Request, operation_id: UUID) -> Response:
        """Begin to buy a package: it is paid at the provider, within ten minutes."""
        wish = NewIntentSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        address = client_address(request)
        intent = services.create_intent(
            user=request.user,
            operation_id=operation_id,
            now=clock.now(),
            address=address,
            country=country_of(request.headers, address),
            **wish.validated_data,
        )
        return Response(_shown(intent, request), status=201)


@extend_schema(tags=["payments"])
class IntentView(APIView):
    @extend_schema(responses=IntentSerializer)
    def get(self, request: Request, intent_id: UUID) -> Response:
        """How one's intent stands."""
        return Response(_shown(selectors.intent_for(request.user.pk, intent_id), request))


@extend_schema(tags=["payments"])
class CancelView(APIView):
    throttle_classes = (UserThrottle, MoneyThrottle)

    @extend_schema(request=None, responses=IntentSerializer)
    def post(self, request: Request, intent_id: UUID) -> Response:
        """Give up an intent that is not paid; no money will be taken."""
        intent = services.cancel_intent(
            user_id=request.user.pk, intent_id=intent_id, now=clock.now()
        )
        return Response(_shown(intent, request))


@extend_schema(tags=["payments"])
class ReceiptView(APIView):
    @extend_schema(responses=PurchaseReceiptSerializer)
    def get(self, request: Request, receipt_id: UUID) -> Response:
        """The receipt of a purchase; it has the id of its intent."""
        receipt, intent = selectors.receipt_for(request.user.pk, receipt_id)
        shown = {"receipt": receipt, "intent": intent, "refunds": refunds_told(receipt_id)}
        return Response(PurchaseReceiptSerializer(shown).data)


def _shown(intent: Intent, request: Request) -> Any:
    return IntentSerializer(intent, context={"request": request}).data
