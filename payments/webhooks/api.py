"""``/api/v1/webhooks/{provider}``: where providers send their events."""

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pairly.core import clock
from payments.webhooks.serializers import ReceivedSerializer
from payments.webhooks.services import receive

__all__ = ["WebhookView"]


class WebhookView(APIView):
    """Who calls is told by the signature alone, so the body is taken as it comes, whatever its
    content type, and callers are not counted."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = ()
    body_bytes_max = settings.WEBHOOK_BODY_BYTES_MAX

    @extend_schema(tags=["payments"], request=OpenApiTypes.BINARY, responses=ReceivedSerializer)
    def post(self, request: Request, provider: str) -> Response:
        """Take in a provider's signed event: 200 once it is stored, and again for a duplicate."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        is_new = receive(provider=provider, body=request.body, headers=headers, now=clock.now())
        return Response({"received": True, "duplicate": not is_new})
