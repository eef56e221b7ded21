"""Steps about buying credits at the mock provider: once, whatever is repeated or forged."""

import time
from typing import Any
from uuid import uuid4

import httpx

from pairly.demo.clients import Json, Person
from pairly.demo.story import CheckFailed, Story, expect

__all__ = ["begin", "pay", "refuse_forged_webhooks", "see_packages"]

PACKAGE = "medium"
WAIT_SECONDS_MAX = 20


def see_packages(story: Story) -> str:
    """What is sold is public"""
    answer = httpx.get(f"{story.url}/api/v1/packages", timeout=20, trust_env=False)
    expect(answer.status_code, 200, "status of packages without a token")
    story.packages = {one["code"]: one for one in answer.json()}
    prices = story.packages[PACKAGE]["prices"]
    return f"{len(story.packages)} packages; {PACKAGE} for {prices['INR']} paise"


def begin(story: Story) -> str:
    """Ava begins to buy; her key gives one intent, and none for anything else"""
    key = str(uuid4())
    first, again = _begin(story.ava, key), _begin(story.ava, key)
    expect((first.status_code, again.status_code), (201, 201), "statuses of the two")
    expect(again.json(), first.json(), "the intent of the second")
    expect(again.headers.get("Idempotent-Replayed"), "true", "the mark of the second")
    expect(_begin(story.ava, key, package="large").status_code, 422, "status of another body")
    expect(_begin(story.ava, None).status_code, 400, "status without a key")
    story.intent = first.json()
    wanted = story.packages[PACKAGE]
    seen = (story.intent["credits"], story.intent["amount"], story.intent["status"])
    expect(seen, (wanted["credits"], wanted["prices"]["INR"], "created"), "the intent")
    return "201, replayed, 422, 400"


def pay(story: Story) -> str:
    """Ava's card is declined; then she pays, is told of it thrice and gets her credits once"""
    before = story.ava.wallet()["balance"]
    _play(story.ava, story.intent, "decline")
    declined = _wait_for(story.ava, story.intent, "failed")
    expect(declined["failure_code"], "card_declined", "why it failed")
    story.ava_socket.quiet()
    _play(story.ava, story.intent, "duplicate")
    paid = _wait_for(story.ava, story.intent, "succeeded")
    wallet = story.ava_socket.event("wallet.updated")["data"]
    expect(wallet["balance"], before + story.intent["credits"], "the balance that was pushed")
    expect(story.ava.wallet(), wallet, "the wallet over REST")
    news = [frame for frame in story.ava_socket.quiet() if frame["type"] == "wallet.updated"]
    expect(news, [], "more news of the same purchase")
    receipt = story.ava.call("GET", f"payments/receipts/{paid['receipt_id']}")
    expect(receipt["amount"], story.intent["amount"], "the receipt's amount")
    return f"{story.intent['credits']} credits, receipt {receipt['number']}"


def refuse_forged_webhooks(story: Story) -> str:
    """A webhook that nobody signed gives nobody credits"""
    intent = _begin(story.ben, str(uuid4())).json()
    before = story.ben.wallet()
    payment = {
        "id": intent["provider_ref"],
        "object": "payment_intent",
        "amount": intent["amount"],
        "amount_received": intent["amount"],
        "currency": intent["currency"].lower(),
        "status": "succeeded",
        "metadata": {},
    }
    event = {
        "id": f"evt_{uuid4().hex}",
        "type": "payment_intent.succeeded",
        "created": int(time.time()),
        "data": {"object": payment},
    }
    forged = f"t={int(time.time())},v1={'0' * 64}"
    for headers in ({}, {"Stripe-Signature": forged}):
        answer = httpx.post(
            f"{story.url}/api/v1/webhooks/stripe",
            json=event,
            headers=headers,
            timeout=20,
            trust_env=False,
        )
        expect(answer.status_code, 400, "status of a forged webhook")
    expect(story.ben.wallet(), before, "Ben's wallet")
    canceled = story.ben.call("POST", f"payments/intents/{intent['id']}/cancel")
    expect(canceled["status"], "canceled", "the intent that Ben gave up")
    return "400, and no credits"


def _begin(person: Person, key: str | None, **changes: Any) -> httpx.Response:
    wish = {"package": PACKAGE, "provider": "stripe", "currency": "INR"} | changes
    headers = {} if key is None else {"Idempotency-Key": key}
    return person.http.post("payments/intents", json=wish, headers=headers)


def _play(person: Person, intent: Json, outcome: str) -> None:
    person.call("POST", f"mock/payments/{intent['id']}", {"outcome": outcome})


def _wait_for(person: Person, intent: Json, status: str) -> Json:
    """The intent, as soon as it stands there. Webhooks are processed after they are answered."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        found: Json = person.call("GET", f"payments/intents/{intent['id']}")
        if found["status"] == status:
            return found
        time.sleep(0.1)
    raise CheckFailed(f"the intent did not become {status} within {WAIT_SECONDS_MAX} s")
