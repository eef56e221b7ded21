"""Messages to people who do not look: one push, one line in the list, one mail at last."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from notifications.models import Delivery
from notifications.tests.senders import Recorder, after, pass_time
from pairly.accounts.tests.callers import Caller, Person

pytestmark = pytest.mark.mongodb

Join = Callable[..., Person]


@pytest.fixture
def people(join: Join) -> tuple[Person, Person]:
    return join("Ava"), join("Ben")


def write(sender: Person, conversation: str, number: int) -> str:
    body = {"client_id": f"c{number}", "kind": "text", "text": f"number {number}"}
    answer = sender.api.post(f"conversations/{conversation}/messages", **body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    found = person.api.get("notifications", **query)
    assert found.status_code == 200
    rows: list[dict[str, Any]] = found.json()["results"]
    return [row for row in rows if row["kind"] != "credits.added"]


def unread(person: Person) -> int:
    count: int = person.api.get("notifications/unread-count").json()["count"]
    return count


def test_five_messages_are_one_notification_one_push_and_one_mail(
    people: tuple[Person, Person],
    push: Recorder,
    mail: Recorder,
    travelled: time_machine.Traveller,
) -> None:
    ava, ben = people
    pass_time()
    welcome = unread(ben)
    mail.sent.clear()
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    for number in range(5):
        write(ava, conversation, number)
        pass_time()
    (row,) = listed(ben)
    assert (row["title"], row["count"]) == ("5 new messages from Ava", 5)
    assert row["category"] == "messages"
    assert row["data"]["conversation_id"] == conversation
    assert unread(ben) == welcome + 1
    assert push.sent == []

    # It waits a little for what comes at once, and then goes out as one.
    after(travelled, seconds=5)
    (sent,) = push.sent
    assert (sent.title, sent.badge) == ("5 new messages from Ava", welcome + 1)
    assert sent.data["notification_id"] == row["id"]
    assert sent.collapse_key == f"conversation:{conversation}"
    # The next one does not follow at once.
    write(ava, conversation, 6)
    after(travelled, seconds=6)
    assert len(push.sent) == 1
    after(travelled, seconds=25)
    assert push.titles[1:] == ["6 new messages from Ava"]
    # Nothing is sent twice, and after an hour one mail tells of what is still unread.
    after(travelled, seconds=60)
    assert (len(push.sent), mail.sent) == (2, [])
    after(travelled, minutes=60)
    (mailed,) = mail.sent
    assert mailed.title == "6 new messages from Ava"
    assert mailed.unsubscribe_category == "messages"
    assert "<h1" in mailed.html
    after(travelled, hours=30)
    assert (len(push.sent), len(mail.sent)) == (2, 1)
    assert not Delivery.objects.exclude(due_at=None).exists()

    # Reading the conversation reads the notification: no device has to do so by itself.
    told = ben.api.post(f"conversations/{conversation}/receipts", read_seq=6)
    assert told.status_code == 200
    pass_time()
    assert unread(ben) == welcome
    assert listed(ben)[0]["read_at"] is not None
    assert listed(ben, unread="true") == []
    # And the next message begins anew.
    write(ava, conversation, 7)
    pass_time()
    assert listed(ben)[0]["title"] == "New message from Ava"


def test_what_was_read_refused_or_muted_is_not_pushed(
    people: tuple[Person, Person],
    push: Recorder,
    mail: Recorder,
    travelled: time_machine.Traveller,
) -> None:
    ava, ben = people
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    write(ava, conversation, 1)
    pass_time()
    (row,) = listed(ben)
    assert ben.api.post(f"notifications/{row['id']}/read").status_code == 200
    after(travelled, hours=2)
    assert (push.sent, [one for one in mail.sent if one.kind == "message.received"]) == ([], [])

    wish = {"categories": {"messages": {"push": False}}}
    assert ben.api.put("notifications/preferences", **wish).status_code == 200
    write(ava, conversation, 2)
    after(travelled, minutes=1)
    assert push.sent == []
    assert len(listed(ben, unread="true")) == 1
    wish = {"categories": {"messages": {"push": True}}}
    assert ben.api.put("notifications/preferences", **wish).status_code == 200

    assert ben.api.patch(f"conversations/{conversation}", muted=True).status_code == 200
    write(ava, conversation, 3)
    after(travelled, minutes=2)
    assert push.sent == []
    assert listed(ben, unread="true")[0]["count"] == 1


def test_nobody_is_told_of_what_they_have_read_by_then(
    people: tuple[Person, Person],
    push: Recorder,
    mail: Recorder,
    travelled: time_machine.Traveller,
) -> None:
    """Events may come late: a worker that was away has them before it."""
    ava, ben = people
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    pass_time()
    before = unread(ben)
    write(ava, conversation, 1)
    assert ben.api.post(f"conversations/{conversation}/receipts", read_seq=1).status_code == 200
    after(travelled, minutes=1)
    assert (push.sent, unread(ben)) == ([], before)


def test_the_list_is_ones_own(people: tuple[Person, Person], guest: Caller) -> None:
    ava, ben = people
    conversation = ava.api.post("conversations", user_id=ben.id).json()["id"]
    write(ava, conversation, 1)
    pass_time()
    (row,) = listed(ben)
    for attempt in (
        ava.api.post(f"notifications/{row['id']}/read"),
        ava.api.delete(f"notifications/{row['id']}"),
        ben.api.delete(f"notifications/{ava.id}"),
    ):
        assert (attempt.status_code, attempt.json()["code"]) == (404, "not_found")
    assert guest.get("notifications").status_code == 401
    assert ben.api.delete(f"notifications/{row['id']}").status_code == 204
    assert ben.api.delete(f"notifications/{row['id']}").status_code == 404
    assert listed(ben) == []
    # It is kept for who asks what was told, and does not come back when told again.
    assert ben.api.get("me/export").json()["notifications"][-1]["kind"] == "message.received"
    assert ben.api.post("notifications/read-all").json() == {"count": 0}
