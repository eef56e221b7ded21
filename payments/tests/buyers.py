"""Buyers for the tests of purchases, moved through the public door alone, and Stripe's own door."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import connections
from rest_framework.test import APIClient

from pairly.outbox.dispatch import dispatch_all
from payments.intents.invariants import INVARIANTS
from payments.ledger.invariants import violations
from payments.tests.people import good

__all__ = [
    "Buyer",
    "all_is_well",
    "at_once",
    "books_agree",
    "deliver",
    "deliver_razorpay",
    "razorpay_event",
    "signed",
    "stripe_event",
]

Result = TypeVar("Result")

PASSWORD = "quiet-harbour-42"


class Buyer:
    """Somebody signed in, who registered just now and has the welcome bonus.

    ``address`` is where all their requests come from, ``profile`` what they register with.
    """

    def __init__(self, address: str = "127.0.0.1", **profile: str) -> None:
        self.address = address
        self.email = profile.get("email", f"buyer-{uuid4().hex[:12]}@example.org")
        body = {
            "email": self.email,
            "password": PASSWORD,
            "display_name": "Ava",
            "birth_date": "1995-06-15",
            **profile,
        }
        answer = APIClient(REMOTE_ADDR=address).post("/api/v1/auth/register", body)
        assert answer.status_code == 201, answer.json()
        self.token, self.id = answer.json()["token"], answer.json()["user"]["id"]
        self.api = self.client()
        self.bonus = self.available

    def client(self) -> APIClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return APIClient(headers=headers, REMOTE_ADDR=self.address)

    def begin(self, key: str | None = None, client: APIClient | None = None, **body: Any) -> Any:
        """The answer to a new intent: ``small`` at Stripe, or what the body says instead."""
        wish = {"package": "small", "provider": "stripe", **body}
        headers = {"Idempotency-Key": str(uuid4()) if key is None else key}
        return (client or self.api).post("/api/v1/payments/intents", wish, headers=headers)

    def intent(self, **body: Any) -> dict[str, Any]:
        answer = self.begin(**body)
        assert answer.status_code == 201, answer.json()
        made: dict[str, Any] = answer.json()
        return made

    def look(self, intent: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/v1/payments/intents/{intent['id']}").json()
        return found

    def play(self, intent: dict[str, Any], outcome: str) -> Any:
        """What the mock provider answers; its webhooks have been processed then."""
        body = {"outcome": outcome}
        answer = self.api.post(f"/api/v1/mock/payments/{intent['id']}", body)
        dispatch_all()
        return answer

    @property
    def available(self) -> int:
        available: int = self.api.get("/api/v1/wallet").json()["available"]
        return available

    @property
    def bought(self) -> int:
        """Credits beyond the welcome bonus."""
        return self.available - self.bonus


def stripe_event(intent: dict[str, Any], kind: str = "succeeded", **changes: Any) -> dict[str, Any]:
    """An event as Stripe sends it, about the payment of an intent; ``changes`` to its object."""
    status = "succeeded" if kind == "succeeded" else "requires_payment_method"
    payment = {
        "id": intent["provider_ref"],
        "object": "payment_intent",
        "amount": intent["amount"],
        "amount_received": intent["amount"] if kind == "succeeded" else 0,
        "currency": intent["currency"].lower(),
        "status": status,
        "metadata": {},
    }
    return {
        "id": f"evt_{uuid4().hex}",
        "type": f"payment_intent.{kind}",
        "created": int(time.time()),
        "data": {"object": payment | changes},
    }


def signed(body: bytes, *, secret: str | None = None, at_seconds: int | None = None) -> str:
    """Stripe's header, computed here and not by the code under test."""
    seconds = int(time.time()) if at_seconds is None else at_seconds
    key = secret or settings.STRIPE_WEBHOOK_SECRETS[0]
    digest = hmac.new(key.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def razorpay_event(
    intent: dict[str, Any], kind: str = "captured", **changes: Any
) -> dict[str, Any]:
    """An event as Razorpay sends it, about a payment of an intent's order."""
    payment = {
        "id": f"pay_{uuid4().hex}",
        "order_id": intent["provider_ref"],
        "amount": intent["amount"],
        "currency": intent["currency"],
        "status": kind,
        "notes": [],
    }
    return {
        "event": f"payment.{kind}",
        "created_at": int(time.time()),
        "payload": {"payment": {"entity": payment | changes}},
    }


def deliver(event: dict[str, Any] | bytes, signature: str | None = "") -> Any:
    """Bring an event to Stripe's door, signed as it should be unless a signature is given (None:
    none at all), and have what was stored processed."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    header = signed(body) if signature == "" else signature
    return _bring("stripe", body, {} if header is None else {"Stripe-Signature": header})


def deliver_razorpay(
    event: dict[str, Any] | bytes, *, event_id: str | None = None, secret: str | None = None
) -> Any:
    """The same at Razorpay's; a new event id unless one is given (empty: none at all)."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    key = secret or settings.RAZORPAY_WEBHOOK_SECRETS[0]
    headers = {"X-Razorpay-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}
    if event_id != "":
        headers["X-Razorpay-Event-Id"] = event_id or uuid4().hex
    return _bring("razorpay", body, headers)


def _bring(provider: str, body: bytes, headers: dict[str, str]) -> Any:
    client: Any = APIClient()
    answer = client.generic(
        "POST",
        f"/api/v1/webhooks/{provider}",
        body,
        content_type="application/json",
        headers=headers,
    )
    dispatch_all()
    return answer


def at_once(count: int, do: Callable[[int], Result]) -> list[Result]:
    """Do it in as many threads at the same moment; what each came to."""
    barrier = Barrier(count)

    def run(number: int) -> Result:
        barrier.wait()
        try:
            return do(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def books_agree() -> bool:
    """Ledger, intents, refunds, disputes and receipts say the same."""
    wrong = [*violations(), *(sentence for invariant in INVARIANTS for sentence in invariant())]
    assert not wrong, wrong
    return True


def all_is_well() -> bool:
    """They say the same, and the ledger verifies."""
    return books_agree() and good()
