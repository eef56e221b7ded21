"""State fetched before, plus the events, equals state fetched after: for every durable event.

A device that watches applies what its socket brings to what it fetched at the start, as a client
does, and must then hold what it would fetch now. A new kind of durable event fails here until a
story brings it about and ``State`` knows what it means.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import override_settings

from messaging.models import Message
from tests.clients import Json, Person, Socket, text_message
from tests.state import State, as_kept

pytestmark = pytest.mark.mongodb


class Watched:
    """A person with a device that acts and another that only watches and keeps state."""

    def __init__(self, url: str, name: str) -> None:
        self.person = Person.register(url, name)
        self.socket = self.person.socket()
        self._tablet = self.person.sign_in()
        # Open the socket, read state, apply the events above the state's position.
        self._watching: Socket = self._tablet.socket()
        self._state = State(self._tablet)
        self.since = self._watching.position

    def send(self, **where: str) -> Json:
        wish = text_message("", "hello", str(uuid4())) | where
        if "to_user_id" in where:
            del wish["conversation_id"]
        sent: Json = self.socket.command("message.send", wish)["message"]
        return sent

    def receipt(self, conversation_id: str, **marks: int) -> Json:
        data: Json = {"conversation_id": conversation_id} | marks
        return self.socket.command("receipt.update", data)

    def check(self) -> set[str]:
        """Hold state and events against state; the types of events that there were.

        Applied live, from a log over the socket, and from a log over REST: all the same.
        """
        pushed = [frame for frame in self._watching.quiet() if "position" in frame]
        # Also where this person had deleted it before, and heard of nothing.
        taken_back = Message.objects.exclude(deleted_at=None).values_list("pk", flat=True)
        kept = as_kept(pushed, set(map(str, taken_back)))
        assert kept == self._watching.catch_up(self.since)
        assert kept == self._tablet.call("GET", f"sync?since={self.since}")["events"]
        positions = [frame["position"] for frame in pushed]
        assert positions == list(range(self.since + 1, self.since + 1 + len(pushed)))
        for frame in pushed:
            self._state.apply(frame)
        self.since += len(pushed)
        assert self._state.as_lists() == State(self._tablet).as_lists()
        return {frame["type"] for frame in pushed}


@pytest.fixture
def people(live_server_url: str) -> tuple[Watched, Watched]:
    return Watched(live_server_url, "Ava"), Watched(live_server_url, "Ben")


def play_first_message(ava: Watched, ben: Watched) -> str:
    """A message to somebody new: the conversation comes into being on both sides."""
    return str(ava.send(to_user_id=ben.person.id)["conversation_id"])


def play_opening(ava: Watched, ben: Watched) -> None:
    """An empty conversation shows on all devices of both; opened again, it is no news."""
    for opener, other in ((ava, ben), (ben, ava)):
        opener.person.open_conversation(other.person)


def play_messages(ava: Watched, ben: Watched, conversation_id: str) -> None:
    for sender in (ava, ben, ben, ava):
        sender.send(conversation_id=conversation_id)
    # Over REST as well, and again with the same client_id, which is no event.
    body = {"client_id": "once", "kind": "text", "text": "over REST"}
    for status in (201, 200):
        answer = ben.person.http.post(f"conversations/{conversation_id}/messages", json=body)
        assert answer.status_code == status


def play_receipts(ava: Watched, ben: Watched, conversation_id: str) -> None:
    ben.receipt(conversation_id, delivered_seq=3)
    ben.receipt(conversation_id, read_seq=2)
    ben.receipt(conversation_id, delivered_seq=1)
    ava.receipt(conversation_id, delivered_seq=5, read_seq=4)
    # Somebody who keeps reading to themselves: the devices see it, the other does not.
    assert ben.person.http.patch("me", json={"send_read_receipts": False}).status_code == 200
    ben.receipt(conversation_id, read_seq=5)


def play_edits(ava: Watched, ben: Watched, conversation_id: str) -> None:
    """Of the newest message and of an older one."""
    older, newest = (ava.send(conversation_id=conversation_id) for _ in range(2))
    for message in (older, newest):
        edit = {"message_id": message["id"], "text": "hello again"}
        for _ in range(2):
            ava.socket.command("message.edit", edit)


def play_deletions(ava: Watched, ben: Watched, conversation_id: str) -> None:
    """By either, for one or both, read or not, the newest and others, until none is left."""
    ben.receipt(conversation_id, read_seq=ben.send(conversation_id=conversation_id)["seq"])
    messages = [ava.send(conversation_id=conversation_id)["id"] for _ in range(5)]

    def delete(who: Watched, message_id: str, scope: str) -> None:
        for _ in range(2):
            who.socket.command("message.delete", {"message_id": message_id, "for": scope})

    delete(ava, messages[1], "both")
    delete(ben, messages[2], "me")
    delete(ava, messages[2], "both")
    delete(ben, messages[4], "me")
    delete(ava, messages[4], "both")
    delete(ava, messages[4], "me")
    delete(ben, messages[3], "me")
    path = f"conversations/{conversation_id}/messages?after_seq=0"
    for message in reversed(ben.person.all_of(path)):
        delete(ben, message["id"], "me")
    assert ben.person.all_of(path) == []


def play_folders(ava: Watched, ben: Watched, conversation_id: str) -> None:
    """Muted and archived by one; the next message brings it back, and muted it stays."""
    for change in ({"muted": True, "archived": True}, {"archived": True}, {"archived": False}):
        ava.person.call("PATCH", f"conversations/{conversation_id}", change)
    ava.person.call("PATCH", f"conversations/{conversation_id}", {"archived": True})
    ben.send(conversation_id=conversation_id)


def play_moderation(ava: Watched, ben: Watched, conversation_id: str) -> None:
    """Staff take messages away, give the credits back, and put some back."""
    from messaging.services import moderation
    from pairly.core import clock

    ids = [UUID(ava.send(conversation_id=conversation_id)["id"]) for _ in range(3)]
    for message_id in (ids[2], ids[0]):
        for _ in range(2):
            moderation.hide_message(message_id=message_id, now=clock.now())
            moderation.refund_message(message_id=message_id, now=clock.now())
    ben.socket.command("message.delete", {"message_id": str(ids[1]), "for": "me"})
    for message_id in ids:
        for _ in range(2):
            moderation.restore_message(message_id=message_id, now=clock.now())
    moderation.erase_message(message_id=ids[2], now=clock.now())


def play_decisions(ava: Watched, ben: Watched, _conversation_id: str) -> None:
    """Each reports the other; staff warn one, and dismiss the other's report."""
    from pairly.moderation import services
    from pairly.moderation.models import Case
    from pairly.staff.tests.people import new_staff

    why: dict[str, Any] = {"actor_id": new_staff("moderator").pk, "reason": "As reported"}
    for reporter, other in ((ava, ben), (ben, ava)):
        about = {"target_type": "user", "target_id": other.person.id}
        reporter.person.call("POST", "reports", about | {"reason": "spam", "details": ""})
    of_ben = Case.objects.get(author_id=UUID(ben.person.id)).pk
    services.resolve_case(case_id=of_ben, **why, measures=["warn"], text="Less of this.")
    services.dismiss_case(case_id=Case.objects.get(author_id=UUID(ava.person.id)).pk, **why)


def play_grant(ava: Watched, ben: Watched, reason: str = "grant") -> None:
    """Credits from outside: staff give some."""
    from pairly.core import clock
    from payments.services import grant_credits

    for number in (1, 2):
        grant_credits(
            owner_id=UUID(ava.person.id),
            credits=10,
            operation=f"{reason}:{number}",
            kind="grant",
            now=clock.now(),
        )


def play_notifications(ava: Watched, ben: Watched, _conversation_id: str) -> None:
    """Told, told again in the place of the first, read, deleted, and all read at once."""
    from notifications.services.telling import Wish, notify

    def tell(*numbers: int, collapse_key: str = "") -> None:
        notify(
            [
                Wish(
                    user_id=UUID(ava.person.id),
                    kind="call.missed",
                    dedupe_key=str(number),
                    context={"caller": "Ben"},
                    collapse_key=collapse_key,
                )
                for number in (*numbers, *numbers)
            ]
        )

    tell(1)
    tell(2, 3, collapse_key="one")
    tell(4, 5, collapse_key="one")
    for place in (0, 0, 1):
        told = ava.person.all_of("notifications")[place]["id"]
        ava.socket.command("notification.read", {"id": told})
    tell(6, 7)
    ava.person.call("DELETE", f"notifications/{ava.person.all_of('notifications')[0]['id']}")
    for _ in range(2):
        ava.socket.command("notification.read_all")


def play_calls(ava: Watched, ben: Watched, _conversation_id: str) -> None:
    """Declined, cancelled, and one that the last credits pay a minute of."""

    def invite() -> Json:
        wish = {"callee_id": ben.person.id, "media": "audio", "client_id": str(uuid4())}
        call_id = ava.socket.command("call.invite", wish)["call"]["id"]
        return {"call_id": call_id}

    ben.socket.command("call.decline", invite())
    ava.socket.command("call.cancel", invite())
    rate = ava.person.wallet()["available"]
    with override_settings(PRICE_CALL_AUDIO_CREDITS_PER_MINUTE=rate):
        call = invite()
    ben.socket.command("call.accept", call)
    for socket in (ava.socket, ben.socket):
        socket.command("call.media", call | {"connected": True})
        socket.command("call.heartbeat", call)
    ben.socket.command("call.end", call)


def test_state_before_plus_events_is_state_after(people: tuple[Watched, Watched]) -> None:
    from pairly.realtime.frames import EVENTS

    ava, ben = people
    seen: set[str] = set()

    def check() -> None:
        seen.update(ava.check(), ben.check())

    conversation_id = play_first_message(ava, ben)
    check()
    play_messages(ava, ben, conversation_id)
    check()
    play_receipts(ava, ben, conversation_id)
    check()
    play_grant(ava, ben)
    check()
    # A third person makes the order of conversations matter.
    cleo = Watched(ava.person.url, "Cleo")
    play_first_message(cleo, ava)
    check()
    play_opening(cleo, ben)
    check()
    ben.send(conversation_id=conversation_id)
    check()
    play_grant(ava, ben, "more")
    for play in (
        *(play_edits, play_deletions, play_folders, play_moderation, play_decisions),
        *(play_notifications, play_calls),
    ):
        play(ava, ben, conversation_id)
        check()
    durable = {event.type for event in EVENTS.values() if event.durable}
    assert seen == durable, "a durable event that no story here brings about"


def test_events_need_nothing_that_was_refused(people: tuple[Watched, Watched]) -> None:
    """Blocks and refusals take no position: nothing to miss, nothing to tell."""
    ava, ben = people
    conversation_id = play_first_message(ava, ben)
    ava.check(), ben.check()
    before = (ava.since, ben.since)
    refusals: list[Any] = []
    assert ben.person.http.put(f"blocks/{ava.person.id}").status_code == 204
    for sender in (ava, ben):
        answer = sender.person.http.post(
            f"conversations/{conversation_id}/messages",
            json={"client_id": str(uuid4()), "kind": "text", "text": "hello"},
        )
        refusals.append(answer.json()["code"])
    assert refusals == ["unavailable", "unavailable"]
    assert ava.check() | ben.check() == set()
    assert (ava.since, ben.since) == before
