"""``/api/v1/notifications/unsubscribe/{token}`` and where mail providers send their events."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.mail.events import note_events, read_events
from notifications.mail.serializers import UnsubscribedSerializer
from notifications.mail.unsubscribe import read_token
from notifications.mail.words import category_in_words
from notifications.preferences.selectors import preferences_of
from notifications.preferences.services import refuse
from pairly.core import clock
from pairly.core.wire import PairlyJSONRenderer

__all__ = ["MailEventsView", "UnsubscribeView"]

TEMPLATE = "mail/notifications/unsubscribe.html"


class OpenView(APIView):
    """Who calls is told by what is signed, so callers are not counted, and the body is taken as it
    comes."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = ()


@extend_schema(tags=["notifications"])
class UnsubscribeView(OpenView):
    """Programs get JSON, people a page. What scanners of mails open changes nothing."""

    renderer_classes = (PairlyJSONRenderer, TemplateHTMLRenderer)

    @extend_schema(operation_id="unsubscribe_look", responses=UnsubscribedSerializer)
    def get(self, request: Request, token: str) -> Response:
        """What the token is about."""
        user_id, category = read_token(token)
        return _answer(request, user_id, category, done=False)

    @extend_schema(
        operation_id="unsubscribe", request=OpenApiTypes.BINARY, responses=UnsubscribedSerializer
    )
    def post(self, request: Request, token: str) -> Response:
        """RFC 8058's one click: no more mails of the token's category, and again the same. That of
        a digest stands for all that digests tell of."""
        user_id, category = read_token(token)
        refuse(user_id=user_id, category=category, channel="email")
        return _answer(request, user_id, category, done=True)


def _answer(request: Request, user_id: UUID, category: str, *, done: bool) -> Response:
    context: dict[str, Any] = {"category": category, "done": done}
    if request.accepted_renderer.format == "html":
        language = preferences_of([user_id])[user_id].language
        context |= {"language": language, "what": category_in_words(category, language)}
    return Response(context, template_name=TEMPLATE, headers={"Referrer-Policy": "no-referrer"})


class MailEventsView(OpenView):
    body_bytes_max = settings.WEBHOOK_BODY_BYTES_MAX

    @extend_schema(tags=["notifications"], request=OpenApiTypes.BINARY, responses={204: None})
    def post(self, request: Request, provider: str) -> Response:
        """Take in what a mail provider tells of bounces and complaints: 204, again for a repeat."""
        note_events(provider, read_events(provider, request._request), clock.now())
        return Response(status=204)
