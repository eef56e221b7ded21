"""Outside clients for tests: those of ``manage.py demo``, which import nothing of the server."""

import json

from pairly.demo.clients import PASSWORD, Closed, Json, Person, Refused, Socket
from tests.servers import RunningServer

__all__ = [
    "PASSWORD",
    "Closed",
    "Json",
    "Person",
    "Refused",
    "Socket",
    "create_people",
    "text_message",
]

CREATED_PASSWORD = "pairly-demo-1"


def create_people(server: RunningServer, count: int, *, credits: int) -> list[Person]:
    """Signed-in people with exactly these credits, made by a command beside the server."""
    out = server.do("create_users", "--count", str(count), "--credits", str(credits), "--json")
    made = json.loads(out.strip().splitlines()[-1])
    return [Person(server.url, **row, password=CREATED_PASSWORD) for row in made]


def text_message(conversation_id: str, text: str, client_id: str) -> Json:
    """The data of ``message.send``."""
    return {
        "conversation_id": conversation_id,
        "client_id": client_id,
        "kind": "text",
        "text": text,
    }
