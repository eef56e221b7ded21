"""``manage.py serve``: everything up to a running server, and everything down again."""

import fcntl
import os
import socket
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.module_loading import import_string

from pairly.checks import refuse_to_start
from pairly.serving.background import background_work, quieter_garbage_collector
from pairly.serving.limits import allow_many_sockets

SIGN_INS = """\
Sign in     ava@pairly.test or ben@pairly.test, password pairly-demo-1
Staff       staff@pairly.test, same password; code: manage.py staff_code staff@pairly.test"""


class Command(BaseCommand):
    help = "Migrate, put demo data in place in mock mode, serve HTTP and sockets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for every interface.")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--no-demo", action="store_true", help="No demo people.")
        parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")

    def handle(self, *, host: str, port: int, no_demo: bool, server: str, **_: Any) -> None:
        try:
            refuse_to_start()
        except ImproperlyConfigured as error:
            raise CommandError(f"Pairly refuses to start:\n{error}") from error
        refuse_used_port(host, port)
        demo = settings.MOCK_MODE and not no_demo
        self._prepare(demo=demo)
        application = import_string(settings.ASGI_APPLICATION)
        allow_many_sockets()
        with background_work():
            quieter_garbage_collector()
            self._greet(host, port, demo=demo)
            serve = import_module(f"pairly.serving.{server}").serve
            if not serve(application, host=host, port=port):
                raise CommandError(f"{host}:{port} cannot be listened on.")
        self.stdout.write("Pairly has stopped; everything acknowledged is stored.")

    def _prepare(self, *, demo: bool) -> None:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        with one_at_a_time():
            call_command("migrate", verbosity=0, interactive=False)
            if demo:
                call_command("seed_demo", stdout=StringIO())  # the greeting tells the sign-ins
        connections.close_all()

    def _greet(self, host: str, port: int, *, demo: bool) -> None:
        address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"  # noqa: S104
        self.stdout.write(f"Pairly      {address}/  ({settings.MODE} mode, {host}:{port})")
        self.stdout.write(f"API         {address}/api/docs  and  {address}/api/docs/realtime")
        self.stdout.write(f"Admin       {address}/admin/")
        if demo:
            self.stdout.write(SIGN_INS)
        self.stdout.write("Ctrl-C or SIGTERM ends it in order.")
        self.stdout.flush()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Servers of one machine that start together must not migrate together."""
    with (settings.DATA_DIR / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refuse_used_port(host: str, port: int) -> None:
    """A sentence beats a traceback after the migrations. Raises ``CommandError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be listened on: {error.strerror}. "
                "Is another server running there? Choose another with --port or PORT."
            ) from error
