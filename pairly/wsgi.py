"""The WSGI entry point, for tools that want one; sockets need ``pairly.asgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pairly.settings")
application = get_wsgi_application()

from pairly.checks import refuse_to_start  # noqa: E402 - after Django's set-up.

refuse_to_start()
