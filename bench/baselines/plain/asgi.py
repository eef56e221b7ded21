"""Serve ``bench.baselines.plain.asgi:application`` with ``PLAIN_DATABASE`` set and made.

``python -m bench.baselines.plain.asgi COUNT CREDITS`` makes the tables and prints the users' ids.
"""

import json
import os
import sys

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.management import call_command
from django.urls import path
from django.utils.module_loading import import_string

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.baselines.plain.settings")
django.setup()

consumer = import_string("bench.baselines.plain.consumer.ChatConsumer")
application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/", consumer.as_asgi())])})

if __name__ == "__main__":
    call_command("migrate", run_syncdb=True, verbosity=0)
    create_users = import_string("bench.baselines.plain.services.create_users")
    print(json.dumps(create_users(int(sys.argv[1]), int(sys.argv[2]))))
