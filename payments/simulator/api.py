"""``/api/v1/mock/payments/{intent_id}``: in mock mode one decides oneself how a payment goes."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.core import clock
from pairly.core.serializers import StrictSerializer
from payments.gateways.mock import OUTCOMES
from payments.intents.selectors import intent_for
from payments.simulator.services import play

__all__ = ["MockPaymentView"]


class OutcomeSerializer(StrictSerializer):
    outcome = serializers.ChoiceField(choices=OUTCOMES)


class PlayedSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    events_sent = serializers.IntegerField(help_text="Signed webhooks that the provider sent.")


@extend_schema(tags=["payments"])
class MockPaymentView(APIView):
    @extend_schema(request=OutcomeSerializer, responses=PlayedSerializer)
    def post(self, request: Request, intent_id: UUID) -> Response:
        """Have the mock provider let this happen to one's intent and tell it by webhooks."""
        wish = OutcomeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        outcome = wish.validated_data["outcome"]
        intent = intent_for(request.user.pk, intent_id)
        sent = play(intent=intent, outcome=outcome, now=clock.now())
        return Response({"outcome": outcome, "events_sent": sent})
