"""ASGI entry point: HTTP to Django, sockets to the realtime endpoints."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pairly.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - after Django's set-up.
from django.conf import settings  # noqa: E402 - after Django's set-up.

from pairly.checks import refuse_to_start  # noqa: E402 - after Django's set-up.
from pairly.core.bodies import LimitedBodies  # noqa: E402 - after Django's set-up.
from pairly.realtime.routing import websocket_urlpatterns  # noqa: E402 - after Django's set-up.

refuse_to_start()
application = ProtocolTypeRouter(
    {
        "http": LimitedBodies(django_application, bytes_max=settings.UPLOAD_BODY_BYTES_MAX),
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
