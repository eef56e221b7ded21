"""``/api/v1/staff/payments/prices``: what messages and calls cost, as staff set it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from pairly.accounts.permissions import StaffPermission
from pairly.accounts.step_up import require_fresh_second_factor
from pairly.core import clock
from pairly.core.http import request_id_of
from payments.pricing.models import CreditPrice
from payments.pricing.price_list import public_prices
from payments.pricing.serializers import (
    ChangePricesSerializer,
    CreditPriceSerializer,
    PricesSerializer,
)
from payments.pricing.services import change_prices

__all__ = ["StaffPricesView"]


@extend_schema(tags=["staff"])
class StaffPricesView(ListAPIView[CreditPrice]):
    """Every price that was set, the newest first; what counts now and next is `GET prices`."""

    permission_classes: Any = (StaffPermission("payments.view", acting="payments.act"),)
    serializer_class = CreditPriceSerializer
    ordering = ("-id",)
    queryset = CreditPrice.objects.all()

    @extend_schema(request=ChangePricesSerializer, responses=PricesSerializer)
    def post(self, request: Request) -> Response:
        """Set prices from a time on, at least `PRICE_LEAD_SECONDS` ahead; all prices afterwards,
        as `GET prices` tells them. Needs the second factor proved within `STEP_UP_SECONDS`."""
        require_fresh_second_factor(request)
        wish = ChangePricesSerializer.checked(request)
        change_prices(
            actor_id=request.user.pk,
            messages=wish["messages"],
            calls=wish["calls"],
            starts_at=wish["starts_at"],
            reason=wish["reason"],
            request_id=request_id_of(request),
        )
        return Response(public_prices(clock.now()))
