"""Chat over sockets, as two people with several devices see it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.clients import Person, Refused, Socket

pytestmark = pytest.mark.mongodb


@pytest.fixture
def people(live_server_url: str) -> tuple[Person, Person]:
    return Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")


def text_message(conversation_id: str, text: str = "hello", **fields: object) -> dict[str, object]:
    return {
        "conversation_id": conversation_id,
        "client_id": str(uuid4()),
        "kind": "text",
        "text": text,
    } | fields


def test_a_message_reaches_every_device_of_both(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    phone, tablet, other = ava.socket(), ava.sign_in().socket(), ben.socket()

    sent = phone.answer(phone.send("message.send", text_message(conversation, " hi ")))
    message = sent["data"]["message"]
    assert message["text"] == "hi"
    assert (message["seq"], message["price"], message["sender_id"]) == (1, 1, ava.id)
    assert sent["data"]["wallet"] == {
        "balance": 19,
        "held": 0,
        "available": 19,
        "debt": 0,
        "frozen": False,
    }
    assert sent["position"] == sent["data"]["position"] == phone.position + 1

    # The other device gets the event at the position that the ack carried, Ben one of his own.
    copy = tablet.event("message.new")
    assert (copy["position"], copy["data"]["message"]) == (sent["position"], message)
    assert copy["data"]["wallet"]["available"] == 19
    arrived = other.event("message.new")
    assert arrived["position"] == other.position + 1
    assert arrived["data"] == {"message": message, "peer_id": ava.id}
    assert copy["data"]["peer_id"] == ben.id
    # The socket that sent it gets the ack and no event.
    assert phone.quiet() == []
    assert ava.wallet()["available"] == 19


def test_a_first_message_opens_the_conversation(people: tuple[Person, Person]) -> None:
    ava, ben = people
    socket = ava.socket()
    wish = text_message("", "hello stranger", to_user_id=ben.id)
    del wish["conversation_id"]
    message = socket.command("message.send", wish)["message"]
    (shown,) = ben.http.get("conversations").json()["results"]
    assert shown["id"] == message["conversation_id"]
    assert (shown["unread"], shown["last_message"]["text"]) == (1, "hello stranger")
    assert shown["peer"]["id"] == ava.id
    # Again, with the same client id: the first message, no second charge.
    assert socket.command("message.send", wish)["message"] == message
    assert ava.wallet()["available"] == 19


def test_receipts_reach_the_sender_and_only_grow(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    sender, reader = ava.socket(), ben.socket()
    for number in range(3):
        sender.command("message.send", text_message(conversation, f"number {number}"))

    ack = reader.command("receipt.update", {"conversation_id": conversation, "delivered_seq": 3})
    assert (ack["delivered_seq"], ack["read_seq"], ack["unread"]) == (3, 0, 3)
    told = sender.event("receipt.updated")["data"]
    assert (told["user_id"], told["delivered_seq"], told["read_seq"]) == (ben.id, 3, 0)
    assert "unread" not in told

    ack = reader.command("receipt.update", {"conversation_id": conversation, "read_seq": 2})
    assert (ack["read_seq"], ack["unread"]) == (2, 1)
    assert sender.event("receipt.updated")["data"]["read_seq"] == 2
    # Backwards changes nothing and tells nobody.
    ack = reader.command("receipt.update", {"conversation_id": conversation, "delivered_seq": 1})
    assert (ack["delivered_seq"], "position" in ack) == (3, False)
    assert sender.quiet() == []
    # Beyond the newest message there is nothing to have read.
    with pytest.raises(Refused, match="validation_error"):
        reader.command("receipt.update", {"conversation_id": conversation, "read_seq": 4})

    shown = ava.http.get(f"conversations/{conversation}").json()
    assert (shown["peer_delivered_seq"], shown["peer_read_seq"]) == (3, 2)


def test_read_receipts_can_be_kept_to_oneself(people: tuple[Person, Person]) -> None:
    ava, ben = people
    assert ben.http.patch("me", json={"send_read_receipts": False}).status_code == 200
    conversation = ava.open_conversation(ben)
    sender, reader, tablet = ava.socket(), ben.socket(), ben.sign_in().socket()
    sender.command("message.send", text_message(conversation))

    reader.command("receipt.update", {"conversation_id": conversation, "read_seq": 1})
    assert tablet.event("receipt.updated")["data"]["read_seq"] == 1
    told = sender.event("receipt.updated")["data"]
    assert (told["delivered_seq"], told["read_seq"]) == (1, 0)
    assert ava.http.get(f"conversations/{conversation}").json()["peer_read_seq"] == 0
    assert ben.http.get(f"conversations/{conversation}").json()["my_read_seq"] == 1


def test_typing_is_told_to_the_partner_and_not_kept(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    writer, partner = ava.socket(), ben.socket()
    writer.command("typing.start", {"conversation_id": conversation})
    seen = partner.event("typing")
    assert (seen["data"]["user_id"], seen["data"]["active"]) == (ava.id, True)
    assert seen["data"]["expires_at"].endswith("Z") and "position" not in seen
    writer.command("typing.stop", {"conversation_id": conversation})
    assert partner.event("typing")["data"]["active"] is False
    assert partner.command("sync", {"since": partner.position})["events"] == []

    # A stranger learns nothing, and after a block nothing passes.
    stranger = Person.register(ava.url, "Cleo").socket()
    with pytest.raises(Refused, match="not_found"):
        stranger.command("typing.start", {"conversation_id": conversation})
    assert ben.http.put(f"blocks/{ava.id}").status_code == 204
    with pytest.raises(Refused, match="unavailable"):
        writer.command("typing.start", {"conversation_id": conversation})
    assert [f["type"] for f in partner.quiet()] == []


def test_a_block_stops_messages_and_receipts_both_ways(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    first, second = ava.socket(), ben.socket()
    first.command("message.send", text_message(conversation))
    second.event("message.new")
    assert ben.http.put(f"blocks/{ava.id}").status_code == 204
    for socket in (first, second):
        with pytest.raises(Refused, match="unavailable"):
            socket.command("message.send", text_message(conversation))
    second.command("receipt.update", {"conversation_id": conversation, "read_seq": 1})
    assert first.quiet() == []
    assert ava.wallet()["available"] == 19
    assert ben.http.delete(f"blocks/{ava.id}").status_code == 204
    assert first.command("message.send", text_message(conversation))["message"]["seq"] == 2


def test_a_block_before_the_first_message(people: tuple[Person, Person]) -> None:
    ava, ben = people
    assert ben.http.put(f"blocks/{ava.id}").status_code == 204
    answer = ava.http.post("conversations", json={"user_id": ben.id})
    assert (answer.status_code, answer.json()["code"]) == (409, "unavailable")
    assert ava.http.get("conversations").json()["results"] == []
    assert ben.http.delete(f"blocks/{ava.id}").status_code == 204
    assert ava.http.post("conversations", json={"user_id": ben.id}).status_code == 201
    assert ben.http.post("conversations", json={"user_id": ava.id}).status_code == 200


def test_what_a_client_id_stands_for(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    socket = ava.socket()
    wish = text_message(conversation, "once")
    first = socket.command("message.send", wish)["message"]
    with pytest.raises(Refused) as refused:
        socket.command("message.send", wish | {"text": "something else"})
    assert refused.value.code == "client_id_conflict"
    assert refused.value.error["trace_id"]
    # REST gives the same message for the same id, and so does Ben's own use of that id not.
    body = {name: wish[name] for name in ("client_id", "kind", "text")}
    again = ava.http.post(f"conversations/{conversation}/messages", json=body)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    answer = ben.http.post(f"conversations/{conversation}/messages", json=body)
    assert (answer.status_code, answer.json()["seq"]) == (201, 2)


def test_replies_stay_within_the_conversation(people: tuple[Person, Person]) -> None:
    ava, ben = people
    cleo = Person.register(ava.url, "Cleo")
    here, elsewhere = ava.open_conversation(ben), ava.open_conversation(cleo)
    socket = ava.socket()
    first = socket.command("message.send", text_message(here))["message"]
    reply = socket.command("message.send", text_message(here, reply_to_id=first["id"]))
    assert reply["message"]["reply_to_id"] == first["id"]
    with pytest.raises(Refused, match="validation_error"):
        socket.command("message.send", text_message(elsewhere, reply_to_id=first["id"]))


def test_too_few_credits_refuse_and_leave_the_client_id_free(
    people: tuple[Person, Person],
) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    socket = ava.socket()
    for _ in range(20):
        socket.command("message.send", text_message(conversation))
    wish = text_message(conversation)
    with pytest.raises(Refused) as refused:
        socket.command("message.send", wish)
    assert refused.value.code == "insufficient_credits"
    answer = ava.http.post(
        f"conversations/{conversation}/messages",
        json={name: wish[name] for name in ("client_id", "kind", "text")},
    )
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    page = ben.http.get(f"conversations/{conversation}/messages?limit=100").json()
    assert [m["seq"] for m in page["results"]] == list(range(20, 0, -1))


def catch_up(socket: Socket, since: int) -> list[dict[str, object]]:
    """Ask until the position stands still, as a client does."""
    events: list[dict[str, object]] = []
    while True:
        answer = socket.command("sync", {"since": since})
        assert answer["resync"] is False
        events += answer["events"]
        if answer["position"] == since:
            return events
        since = answer["position"]


def test_a_dropped_socket_catches_up_once_and_in_order(
    people: tuple[Person, Person], give: Callable[[Person, int], None]
) -> None:
    ava, ben = people
    give(ava, 200)
    conversation = ava.open_conversation(ben)
    sender, reader = ava.socket(), ben.socket()
    since = reader.position
    reader.close()
    for number in range(120):
        sender.command("message.send", text_message(conversation, f"number {number}"))
    reader = ben.socket()
    events = catch_up(reader, since)
    assert [e["position"] for e in events] == list(range(since + 1, since + 121))
    texts = [e["data"]["message"]["text"] for e in events]  # type: ignore[index]
    assert texts == [f"number {n}" for n in range(120)]
    assert catch_up(reader, since + 120) == []
    # The same over REST.
    answer = ben.http.get(f"sync?since={since}").json()
    assert answer["events"] == events and answer["position"] == since + 120
    # A position that the log never had, or no longer has, asks for a fresh start.
    assert reader.command("sync", {"since": since + 121})["resync"] is True


def test_a_long_absence_with_long_texts_is_caught_up_in_parts(
    people: tuple[Person, Person], settings: Any
) -> None:
    """All of it at once would be more than a socket may have waiting, which closes slow readers."""
    settings.SYNC_CHARACTERS_MAX, settings.SOCKET_QUEUE_CHARACTERS_MAX = 50_000, 150_000
    ava, ben = people
    conversation = ava.open_conversation(ben)
    socket, back = ava.socket(), ben.socket()
    text = "<" + '"\n' * 2400 + ">"  # twice as long in JSON
    for number in range(20):
        socket.command("message.send", text_message(conversation, text, client_id=f"{number}"))
    late = ben.socket()
    events = late.catch_up(back.position)
    assert [event["data"]["message"]["client_id"] for event in events] == [
        f"{number}" for number in range(20)
    ]
    # An event that is longer than the limit comes alone.
    settings.SYNC_CHARACTERS_MAX = 10
    assert len(late.command("sync", {"since": back.position})["events"]) == 1
    assert ben.call("GET", f"sync?since={back.position}")["events"] == events[:1]


def test_catching_up_again_and_again_is_slowed(
    people: tuple[Person, Person], settings: Any
) -> None:
    settings.RATE_LIMITS = True
    settings.SYNCS_MAX, settings.SYNCS_WINDOW_SECONDS = 3, 60
    socket = people[0].socket()
    for _ in range(3):
        socket.command("sync", {"since": socket.position})
    with pytest.raises(Refused, match="rate_limited"):
        socket.command("sync", {"since": socket.position})
    assert socket.command("presence.heartbeat")


def test_more_sockets_are_no_more_messages(people: tuple[Person, Person], settings: Any) -> None:
    settings.RATE_LIMITS = True
    settings.MESSAGES_MAX, settings.MESSAGES_WINDOW_SECONDS = 3, 60
    ava, ben = people
    conversation = ava.open_conversation(ben)
    tablet = ava.sign_in()
    for socket in (ava.socket(), ava.socket(), tablet.socket()):
        socket.command("message.send", text_message(conversation))
    with pytest.raises(Refused, match="rate_limited"):
        ava.socket().command("message.send", text_message(conversation))
    # Nor are those after all of them.
    again = ava.at(ava.url)
    ava.close()
    tablet.close()
    with pytest.raises(Refused, match="rate_limited"):
        again.socket().command("message.send", text_message(conversation))
    ben.socket().command("message.send", text_message(conversation))


def test_typing_cannot_be_flooded(people: tuple[Person, Person], settings: Any) -> None:
    settings.RATE_LIMITS = True
    settings.TYPING_INTERVAL_SECONDS = 60
    ava, ben = people
    conversation = {"conversation_id": ava.open_conversation(ben)}
    socket, peer = ava.socket(), ben.socket()
    for _ in range(10):
        socket.command("typing.start", conversation)
        socket.command("typing.stop", conversation)
    told = [frame["data"]["active"] for frame in peer.quiet()]
    assert told == [True, False, False]


def test_a_client_id_is_the_same_over_sockets_and_rest(people: tuple[Person, Person]) -> None:
    """Spaces at its ends included: else a message sent again the other way is paid twice."""
    ava, ben = people
    conversation = ava.open_conversation(ben)
    body = {"client_id": " 1 ", "kind": "text", "text": "hello"}
    sent = ava.socket().command("message.send", {"conversation_id": conversation} | body)
    again = ava.http.post(f"conversations/{conversation}/messages", json=body)
    assert (again.status_code, again.json()["id"]) == (200, sent["message"]["id"])


def test_what_the_log_no_longer_holds_is_a_resync(
    people: tuple[Person, Person], give: Callable[[Person, int], None], settings: object
) -> None:
    ava, ben = people
    give(ava, 100)
    settings.EVENT_LOG_EVENTS_MAX = 10  # type: ignore[attr-defined]
    settings.EVENT_LOG_TRIM_EVENTS = 5  # type: ignore[attr-defined]
    conversation = ava.open_conversation(ben)
    sender = ava.socket()
    for _ in range(40):
        sender.command("message.send", text_message(conversation))
    reader = ben.socket()
    newest = reader.position
    assert reader.command("sync", {"since": 0})["resync"] is True
    assert len(reader.command("sync", {"since": newest - 10})["events"]) == 10


def test_messages_page_by_number(
    people: tuple[Person, Person], give: Callable[[Person, int], None]
) -> None:
    ava, ben = people
    give(ava, 100)
    conversation = ava.open_conversation(ben)
    socket = ava.socket()
    for _ in range(25):
        socket.command("message.send", text_message(conversation))
    url = f"conversations/{conversation}/messages"

    def seqs(query: str) -> list[int]:
        return [m["seq"] for m in ben.http.get(f"{url}?{query}").json()["results"]]

    assert seqs("limit=3") == [25, 24, 23]
    assert seqs("before_seq=3") == [2, 1]
    assert seqs("after_seq=22") == [23, 24, 25]
    assert seqs("after_seq=0&limit=2") == [1, 2]
    following = ben.http.get(f"{url}?after_seq=0&limit=2").json()["next"]
    assert [m["seq"] for m in ben.http.get(following).json()["results"]] == [3, 4]
    for query in ("limit=0", "limit=101", "before_seq=x", "before_seq=1&after_seq=2", "old=1"):
        answer = ben.http.get(f"{url}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), query
    stranger = Person.register(ava.url, "Cleo")
    assert stranger.http.get(url).status_code == 404


def test_a_message_can_be_reported_by_the_two_alone(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    message = ava.socket().command("message.send", text_message(conversation))["message"]
    report = {
        "target_type": "message",
        "target_id": message["id"],
        "reason": "spam",
        "details": "again and again",
    }
    assert ben.http.post("reports", json=report).status_code == 201
    stranger = Person.register(ava.url, "Cleo")
    assert stranger.http.post("reports", json=report).status_code == 404
