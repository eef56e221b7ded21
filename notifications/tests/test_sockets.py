"""What open sockets hear, and who is told because they do not look."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from notifications.tests.senders import Recorder, pass_time
from tests.clients import Person, Refused, Socket

pytestmark = pytest.mark.mongodb


@pytest.fixture
def people(live_server_url: str) -> Iterator[tuple[Person, Person]]:
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    pass_time()
    yield ava, ben
    ava.close()
    ben.close()


def write(sender: Person, conversation: str) -> None:
    body = {"client_id": str(uuid4()), "kind": "text", "text": "hello"}
    sender.call("POST", f"conversations/{conversation}/messages", body)


def told(person: Person) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = person.call("GET", "notifications?unread=true")["results"]
    return [row for row in rows if row["kind"] == "message.received"]


def wait_until_seen(person: Person) -> None:
    """Presence is written by a thread of its own."""
    from presence.selectors import active_ids
    from presence.tests.scene import until

    user_id = UUID(person.id)
    until(lambda: user_id in active_ids([user_id]))


def test_who_is_active_is_not_told_and_who_sleeps_is_told_once(
    people: tuple[Person, Person], push: Recorder, settings: Any
) -> None:
    settings.NOTIFICATION_GATHER_SECONDS = 0
    ava, ben = people
    conversation = ava.open_conversation(ben)
    socket = ben.socket()
    wait_until_seen(ben)
    write(ava, conversation)
    pass_time()
    assert (told(ben), push.sent) == ([], [])

    # Nobody touched the screen lately: the socket is open, and the person told all the same.
    settings.PRESENCE_AWAY_SECONDS = 0
    write(ava, conversation)
    pass_time()
    (row,) = told(ben)
    assert [one.title for one in push.sent] == ["New message from Ava"]
    event = socket.event("notification.new")
    assert event["position"] > socket.position
    assert event["data"]["notification"] == row
    assert (event["data"]["unread"], event["data"]["replaces_id"]) == (
        ben.call("GET", "notifications/unread-count")["count"],
        None,
    )
    write(ava, conversation)
    pass_time()
    newer = socket.event("notification.new")["data"]
    assert (newer["notification"]["count"], newer["replaces_id"]) == (2, row["id"])


def test_what_one_device_reads_the_others_hear(people: tuple[Person, Person]) -> None:
    ava, ben = people
    phone, tablet = ben.socket("/ws/notifications/"), ben.sign_in().socket()
    pass_time()
    first = phone.event("notification.new")["data"]["notification"]
    assert first["kind"] == "security.new_sign_in"

    def unread(socket: Socket) -> dict[str, Any]:
        data: dict[str, Any] = socket.event("notification.unread")["data"]
        return data

    before = ben.call("GET", "notifications/unread-count")["count"]
    ack = phone.answer(phone.send("notification.read", {"id": first["id"]}))
    assert ack["data"]["count"] == before - 1 and ack["data"]["position"] == ack["position"]
    heard = unread(tablet)
    assert (heard["count"], heard["read_ids"]) == (before - 1, [first["id"]])
    # Again is acked, and no news.
    again = phone.answer(phone.send("notification.read", {"id": first["id"]}))
    assert again["data"] == {"count": before - 1} and "position" not in again
    assert ben.call("POST", "notifications/read-all") == {"count": 0}
    assert unread(phone)["read_up_to"] == unread(tablet)["read_up_to"]
    ben.call("DELETE", f"notifications/{first['id']}")
    assert unread(phone)["deleted_ids"] == unread(tablet)["deleted_ids"] == [first["id"]]
    # Of another person there is nothing to be had.
    other = ava.socket("/ws/notifications/")
    with pytest.raises(Refused, match="not_found"):
        other.command("notification.read", {"id": first["id"]})
    assert tablet.catch_up(tablet.position)[-1]["type"] == "notification.unread"
