"""Many sends at once from one person: credits, numbers and client ids hold, whoever comes first.

The same stories from one server and, where the database is shared, from two.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest

from tests.clients import Json, Person, Refused, Socket, create_people, text_message
from tests.conftest import StartServer
from tests.redis_server import RedisServer
from tests.servers import RunningServer
from tests.sizes import servers

pytestmark = pytest.mark.mongodb

CREDITS = 50
SOCKETS = 4
SENDS_PER_SOCKET = 25
REQUESTS = 100
two_processes = pytest.mark.skipif(
    os.environ.get("PAIRLY_TEST_DATABASE") != "mongodb",
    reason="several processes share a database on MongoDB",
)

Answer = tuple[str, Json]
"""``sent``, ``repeated`` (over REST, which tells them apart) or the code of the refusal; the
message, or the error's body."""


def over_socket(socket: Socket, wishes: Sequence[Json], start: Barrier) -> list[Answer]:
    """Send all of them without waiting, then take the answers."""
    start.wait()
    commands = [socket.send("message.send", wish) for wish in wishes]
    answers: list[Answer] = []
    for command in commands:
        try:
            ack = socket.answer(command)
            answers.append(("sent" if "position" in ack else "repeated", ack["data"]["message"]))
        except Refused as refusal:
            answers.append((refusal.code, refusal.error))
    return answers


def over_rest(person: Person, wish: Json, start: Barrier) -> list[Answer]:
    path = f"conversations/{wish['conversation_id']}/messages"
    body = {name: value for name, value in wish.items() if name != "conversation_id"}
    start.wait()
    answer = person.http.post(path, json=body)
    if answer.is_error:
        return [(answer.json()["code"], answer.json())]
    return [("sent" if answer.status_code == 201 else "repeated", answer.json())]


def at_once(
    people: Sequence[Person], sockets: Sequence[Socket], new_wish: Callable[[], Json]
) -> list[Answer]:
    """100 sends over the sockets and 100 over REST, spread over the devices given."""
    start = Barrier(len(sockets) + REQUESTS)
    with ThreadPoolExecutor(len(sockets) + REQUESTS) as pool:
        jobs = [
            pool.submit(over_socket, socket, [new_wish() for _ in range(SENDS_PER_SOCKET)], start)
            for socket in sockets
        ]
        jobs += [
            pool.submit(over_rest, people[number % len(people)], new_wish(), start)
            for number in range(REQUESTS)
        ]
        return [answer for job in jobs for answer in job.result()]


def check_fifty_of_two_hundred(ava: Person, ben: Person, senders: Sequence[Person]) -> None:
    conversation = ava.open_conversation(ben)
    sockets = [senders[number % len(senders)].socket() for number in range(SOCKETS)]
    answers = at_once(senders, sockets, lambda: text_message(conversation, "hello", str(uuid4())))
    assert Counter(outcome for outcome, _body in answers) == {
        "sent": CREDITS,
        "insufficient_credits": SOCKETS * SENDS_PER_SOCKET + REQUESTS - CREDITS,
    }
    assert all(body["trace_id"] for outcome, body in answers if outcome != "sent")
    stored = ben.all_of(f"conversations/{conversation}/messages?after_seq=0&limit=100")
    assert [message["seq"] for message in stored] == list(range(1, CREDITS + 1))
    acked = {message["client_id"]: message["seq"] for kind, message in answers if kind == "sent"}
    assert {message["client_id"]: message["seq"] for message in stored} == acked
    assert ava.wallet() == {"balance": 0, "held": 0, "available": 0, "debt": 0, "frozen": False}
    charges = [row for row in ava.all_of("wallet/transactions") if row["kind"] == "message"]
    assert sum(row["credits"] for row in charges) == -CREDITS
    assert ben.all_of("conversations")[0]["unread"] == CREDITS
    # A repeat costs nothing, so it is answered although nothing is left.
    again = next(body for outcome, body in answers if outcome == "sent")
    wish = text_message(conversation, "hello", again["client_id"])
    assert sockets[0].command("message.send", wish)["message"]["seq"] == again["seq"]


def check_one_of_two_hundred(ava: Person, ben: Person, senders: Sequence[Person]) -> None:
    conversation = ava.open_conversation(ben)
    watching, tablet = ben.socket(), ava.socket()
    sockets = [senders[number % len(senders)].socket() for number in range(SOCKETS)]
    wish = text_message(conversation, "hello", str(uuid4()))
    answers = at_once(senders, sockets, lambda: wish)
    outcomes = Counter(outcome for outcome, _body in answers)
    assert outcomes == {"sent": 1, "repeated": len(answers) - 1}
    assert {body["id"] for _outcome, body in answers} == {answers[0][1]["id"]}
    assert ava.wallet()["balance"] == CREDITS - 1
    (stored,) = ben.all_of(f"conversations/{conversation}/messages?after_seq=0")
    assert stored["client_id"] == wish["client_id"]
    # One event in each log, one push at the peer and at the sender's device that only watched.
    for socket in (watching, tablet):
        pushed = socket.event("message.new")
        assert pushed["data"]["message"]["id"] == stored["id"]
        assert socket.quiet() == []
        assert socket.command("presence.heartbeat")["position"] == pushed["position"]
        assert socket.catch_up(socket.position) == [pushed]


@pytest.mark.mongodb(from_ci=True)  # at the desk two processes tell it there
@pytest.mark.parametrize("server", servers())
def test_two_hundred_sends_at_once(start_server: StartServer, server: str) -> None:
    """Fifty credits buy fifty messages, and one client id is one message."""
    running = start_server(server)
    ava, ben, cleo, dan = create_people(running, 4, credits=CREDITS)
    check_fifty_of_two_hundred(ava, ben, [ava])
    check_one_of_two_hundred(cleo, dan, [cleo])
    assert "verifies" in running.do("verify_ledger")


@two_processes
def test_the_same_from_two_processes(start_server: StartServer, redis_server: RedisServer) -> None:
    environment = {
        "REDIS_URL": redis_server.url,
        "PAIRLY_TYPING_PARTNER_CACHE_SECONDS": "3600",
    }
    first, second = start_server("daphne", environment), start_server("uvicorn", environment)
    ava, ben, cleo, dan = create_people(first, 4, credits=CREDITS)
    check_fifty_of_two_hundred(ava, ben, [ava, ava.at(second.url)])
    check_one_of_two_hundred(cleo, dan, [cleo, cleo.at(second.url)])
    check_that_news_cross(first, second)
    assert "verifies" in first.do("verify_ledger")


def check_that_news_cross(first: RunningServer, second: RunningServer) -> None:
    """Ava is on one process and Ben on another, each with a device on the other one too."""
    ava, ben = create_people(first, 2, credits=CREDITS)
    ava_there, ben_there = ava.at(second.url), ben.at(second.url)
    conversation = ava.open_conversation(ben)
    sender, far_copy = ava.socket(), ava_there.socket()
    near, far = ben.socket(), ben_there.socket()

    typing = {"conversation_id": conversation}
    sender.command("typing.start", typing)
    assert far.event("typing")["data"]["user_id"] == ava.id

    ack = sender.answer(
        sender.send("message.send", text_message(conversation, "hello", str(uuid4())))
    )
    message, position = ack["data"]["message"], ack["position"]
    for socket in (near, far):
        assert socket.event("message.new")["data"]["message"] == message
    copy = far_copy.event("message.new")
    assert (copy["position"], copy["data"]["message"]) == (position, message)

    far.command("receipt.update", {"conversation_id": conversation, "read_seq": 1})
    for socket in (sender, far_copy, near):
        assert socket.event("receipt.updated")["data"]["read_seq"] == 1

    # A block made at one process stops what is sent at the other at once, and what is not stored
    # as soon as that has heard of it.
    far_copy.command("typing.start", typing)
    assert near.event("typing")["data"]["active"] is True
    assert ben.http.put(f"blocks/{ava.id}").status_code == 204
    with pytest.raises(Refused, match="unavailable"):
        far_copy.command("message.send", text_message(conversation, "still there?", str(uuid4())))
    with pytest.raises(Refused, match="unavailable"):
        for _ in range(3000):
            far_copy.command("typing.start", typing)
            time.sleep(0.02)
    # Signing out at one process closes the device's sockets at the other.
    assert ben.http.post("auth/logout").status_code == 204
    assert (near.close_code(), far.close_code()) == (4401, 4401)
