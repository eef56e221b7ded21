"""No line of the log tells a secret: of requests and frames that go well, that are refused, and
that meet a defect whose traceback repeats all that was sent."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from messaging import commands
from pairly.core.tests.test_logs import Lines, lines
from pairly.core.wire import PairlyJSONParser
from pairly.demo.clients import Refused, Socket
from pairly.outbox.dispatch import dispatch_all
from tests.clients import Person

__all__ = ["lines"]

PASSWORD = "plum-orchard-58"
WORDS = "meet me behind the mill"
CARD = {"number": "4242424242424242", "spaced": "4000 0566 5566 5556", "cvc": "cvc-731"}
SIGNATURE = "t=1764160000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
CODE, RESET_TOKEN = "914275083641", "Zk3v9Qw_1aB-cD4eF6gH8iJ0kL2mN5oP7qR9sT1uV3w"


def bodies(email: str) -> list[tuple[str, dict[str, Any], dict[str, str]]]:
    """Path, body and headers of requests that carry what is nobody's business."""
    signed = {"stripe-signature": SIGNATURE}
    return [
        ("auth/login", {"email": email, "password": PASSWORD}, {}),
        ("auth/login", {"email": email, "password": PASSWORD + "-wrong"}, {}),
        ("auth/verify-email", {"code": CODE}, {}),
        ("auth/password/reset", {"email": email}, {}),
        ("auth/password/reset/confirm", {"token": RESET_TOKEN, "password": PASSWORD}, {}),
        ("payments/intents", {"package": "small", "provider": "stripe", "card": CARD}, {}),
        ("webhooks/stripe", {"object": "event", "data": {"card": CARD}}, signed),
        ("conversations", {"user_id": email, "text": WORDS}, {}),
    ]


def talk(ava: Person, ben: Person) -> str:
    """A message each way that there is; the ticket of the socket."""
    ticket = str(ava.call("POST", "auth/socket-ticket")["ticket"])
    conversation = ava.open_conversation(ben)
    sent = {"client_id": "1", "kind": "text", "text": WORDS}
    ava.call("POST", f"conversations/{conversation}/messages", sent)
    socket = Socket(ava.url, None, ticket=ticket).open()
    for text in (WORDS, WORDS * 1000):
        data = {"conversation_id": conversation, **sent, "client_id": "2", "text": text}
        try:
            socket.command("message.send", data)
        except Refused as refused:
            assert refused.code in ("validation_error", "internal_error")
    socket.close()
    return ticket


def test_no_line_tells_a_secret(
    lines: Lines, live_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ava, ben = (
        Person.register(live_server_url, name, password=PASSWORD) for name in ("Ava", "Ben")
    )
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {ava.token}")

    def ask_all() -> list[int]:
        return [
            client.post(f"/api/v1/{path}?email={ava.email}", body, headers=headers).status_code
            for path, body, headers in bodies(ava.email)
        ]

    tickets = [talk(ava, ben)]
    statuses = ask_all()
    dispatch_all()
    assert {200, 400, 401} <= set(statuses), statuses

    def break_down(_parser: Any, stream: Any, *_more: Any) -> Any:
        raise RuntimeError(f"cannot read {stream.read()!r}")

    def break_frame(**data: Any) -> Any:
        raise RuntimeError(f"cannot take {data!r} of {ava.email}")

    monkeypatch.setattr(commands, "check_send", break_frame)
    tickets.append(talk(ava, ben))
    monkeypatch.setattr(PairlyJSONParser, "parse", break_down)
    assert 500 in ask_all()

    written = lines()
    failures = [line for line in written if "RuntimeError" in line.get("exception", "")]
    assert len(failures) >= 6
    assert any("cannot take" in line["exception"] for line in failures)
    secrets = [PASSWORD, WORDS, *CARD.values(), SIGNATURE, CODE, RESET_TOKEN, *tickets]
    secrets += [ava.email, ben.email, ava.token, ben.token]
    told = {(secret, str(line)) for line in written for secret in secrets if secret in str(line)}
    assert told == set()
