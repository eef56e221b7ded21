"""Both sides of the webhook lines in one process, on files with the same options.

``python -m bench.webhooks_worker`` in a fresh data folder; see ``bench.webhooks``.
"""

import io
import json
import shutil
import sqlite3
import time
import uuid
from typing import Any

import django

from bench.workers import answer_cells

__all__ = ["main"]

NOTES = {"order": "x" * 1500}
"""With these an event is about as long as those that Stripe sends."""


class Intake:
    def __init__(self) -> None:
        from django.conf import settings
        from django.core.handlers.base import BaseHandler

        self._handler = BaseHandler()
        self._handler.load_middleware()
        self._path = settings.DATABASES["default"]["NAME"]
        self._options = settings.DATABASES["default"]["OPTIONS"]["init_command"]
        self._rows: sqlite3.Connection | None = None

    def receive(self, count: int) -> dict[str, Any]:
        """The service."""
        from pairly.core import clock
        from payments.webhooks.services import receive

        events = _events(count)
        started = time.perf_counter()
        for body, signature in events:
            headers = {"stripe-signature": signature}
            receive(provider="stripe", body=body, headers=headers, now=clock.now())
        return {"seconds": time.perf_counter() - started}

    def requests(self, count: int) -> dict[str, Any]:
        """Through every middleware, routing and rendering; all but the server itself."""
        from django.core.handlers.wsgi import WSGIRequest
        from django.test import RequestFactory

        factory = RequestFactory()
        requests = [
            factory.post(
                "/api/v1/webhooks/stripe",
                body,
                content_type="application/json",
                headers={"Stripe-Signature": signature},
            ).environ
            | {"wsgi.input": io.BytesIO(body)}
            for body, signature in _events(count)
        ]
        started = time.perf_counter()
        for environment in requests:
            status = self._handler.get_response(WSGIRequest(environment)).status_code
            if status != 200:
                raise RuntimeError(f"a webhook was answered with {status}")
        return {"seconds": time.perf_counter() - started}

    def rows(self, count: int) -> dict[str, Any]:
        """The events' rows alone, put into a copy of the database."""
        from pairly.core import clock
        from pairly.core.table import Table
        from payments.models import Webhook

        names = [field.attname for field in Webhook._meta.concrete_fields]
        statement = Table(Webhook, *names)._insert_statement
        now = str(clock.now().replace(tzinfo=None))
        values = {"provider": "stripe", "type": "payment_intent.succeeded", "state": "received"}
        empty = {"attempts": 0, "replays": 0, "same_errors": 0, "last_error": ""}
        times = {"due_at": now, "created_at": now}
        rows = [
            {
                **dict.fromkeys(names),
                **values,
                **empty,
                **times,
                "id": uuid.uuid4().hex,
                "event_id": f"evt_{uuid.uuid4().hex}",
                "body": body.decode(),
                "headers": json.dumps({"stripe-signature": signature}),
            }
            for body, signature in _events(count)
        ]
        connection = self._copy()
        started = time.perf_counter()
        for row in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(statement, [row[name] for name in names])
            connection.execute("COMMIT")
        return {"seconds": time.perf_counter() - started}

    def _copy(self) -> sqlite3.Connection:
        """A second database file like the first, made once, with the same options."""
        if self._rows is None:
            path = f"{self._path}.rows"
            main = sqlite3.connect(self._path)
            main.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            main.close()
            shutil.copyfile(self._path, path)
            self._rows = sqlite3.connect(path, isolation_level=None)
            self._rows.executescript(f"{self._options} PRAGMA foreign_keys=ON;")
        return self._rows


def _events(count: int) -> list[tuple[bytes, str]]:
    """Signed events of payments that nobody knows: taking them in does not ask."""
    from django.conf import settings

    from pairly.core import clock
    from payments.gateways.stripe_wire import signature_header

    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    now = clock.now()
    events = []
    for _ in range(count):
        payment = {
            "id": f"pi_{uuid.uuid4().hex}",
            "object": "payment_intent",
            "amount": 5000,
            "amount_received": 5000,
            "currency": "inr",
            "status": "succeeded",
            "metadata": NOTES,
        }
        event = {
            "id": f"evt_{uuid.uuid4().hex}",
            "type": "payment_intent.succeeded",
            "created": clock.to_milliseconds(now) // 1000,
            "data": {"object": payment},
        }
        body = json.dumps(event).encode()
        events.append((body, signature_header(body, secret, now)))
    return events


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    intake = Intake()
    answer_cells(intake.receive, intake.requests, intake.rows)


if __name__ == "__main__":
    main()
