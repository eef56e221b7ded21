"""Two people with several devices do anything at all; every device shows what the server has.

A device keeps what it read when it came, and from then on believes pushes, acks and ``sync``
alone. After every step it must hold what a fresh read gives, and that must be what a plain model
of the story says: texts, numbers without gaps, watermarks, unread counts and credits.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pairly.core.db import is_mongodb
from tests.clients import Json, Person, Refused, Socket
from tests.sizes import examples
from tests.state import State

STEPS = 50
# On MongoDB a step takes twice as long, and what is told is the same.
EXAMPLES = (
    examples(small=2, ci=8, torture=200) if is_mongodb() else examples(small=5, ci=20, torture=200)
)
CREDITS = 8
DEVICES_MAX = 3

EVENT_OF_ACK = {
    "message.send": "message.new",
    "message.edit": "message.updated",
    "message.delete": "message.deleted",
    "receipt.update": "receipt.updated",
}


class Device:
    """One sign-in: its socket, if it has one now, what it shows and how far it has heard."""

    def __init__(self, person: Person, peer_id: str) -> None:
        self.person, self._peer_id = person, peer_id
        self._socket: Socket | None = person.socket()
        self.state = State(person, chats_alone=True)
        self._position = self._socket.position
        self.ephemeral: list[Json] = []

    @property
    def online(self) -> bool:
        return self._socket is not None

    def command(self, type: str, data: Json) -> Json:
        """The ack's data. Raises ``Refused``. What was pushed before it is applied before it."""
        assert self._socket is not None
        try:
            ack = self._socket.answer(self._socket.send(type, data))
        finally:
            self._take_pushed()
        if "position" in ack:
            told = dict(ack["data"])
            del told["position"]
            if type == "message.send":
                told["peer_id"] = self._peer_id
            self._apply(EVENT_OF_ACK[type], ack["position"], told)
        return dict(ack["data"])

    def hear(self) -> None:
        """Take in everything that has been pushed."""
        if self._socket is not None:
            position = self._socket.command("presence.heartbeat")["position"]
            self._take_pushed()
            assert self._position == position, "a push is missing"

    def drop(self) -> None:
        assert self._socket is not None
        self._socket.close()
        self._socket = None

    def come_back(self) -> None:
        self._socket = self.person.socket()
        for event in self._socket.catch_up(self._position):
            self._apply(event["type"], event["position"], event["data"])

    def _take_pushed(self) -> None:
        assert self._socket is not None
        for frame in self._socket.pending:
            if "position" in frame:
                self._apply(frame["type"], frame["position"], frame["data"])
            else:
                self.ephemeral.append(frame)
        self._socket.pending.clear()

    def _apply(self, type: str, position: int, data: Json) -> None:
        assert position == self._position + 1, (type, position, self._position)
        self._position = position
        self.state.apply({"type": type, "data": data})


@dataclass
class ModelMessage:
    """``hidden`` holds who deleted it for themselves."""

    id: str
    sender: int
    text: str
    deleted: bool = False
    hidden: set[int] = field(default_factory=set)


@dataclass
class ModelSide:
    credits: int = CREDITS
    delivered: int = 0
    read: int = 0
    shown: tuple[int, int] = (0, 0)
    muted: bool = False
    archived: bool = False
    blocks: bool = False


class Story(RuleBasedStateMachine):
    url: ClassVar[str]

    @initialize()
    def begin(self) -> None:
        ava, ben = (Person.register(self.url, name) for name in ("Ava", "Ben"))
        self.people = (ava, ben)
        self.devices = ([Device(ava, ben.id)], [Device(ben, ava.id)])
        self.sides = (ModelSide(), ModelSide())
        self.messages: list[ModelMessage] = []
        self.wishes: list[tuple[int, Json, str]] = []
        self.conversation_id: str | None = None

    # What may happen

    who: ClassVar[Any] = st.integers(0, 1)
    number: ClassVar[Any] = st.integers(0, 10_000)
    text: ClassVar[Any] = st.sampled_from(["hello", "  spaced ", "ünï\n<b>", '{"quoted": "\\"}'])

    @rule(who=who, device=number, text=text, reply=st.booleans())
    def send(self, who: int, device: int, text: str, reply: bool) -> None:
        wish: Json = {"client_id": str(uuid4()), "kind": "text", "text": text}
        wish |= self._address(who)
        if reply and (replied := self._seen_by(who, whole=True)):
            wish["reply_to_id"] = replied[device % len(replied)].id
        acting = self._online(who, device)
        if self._blocked:
            self._refused("unavailable", acting, "message.send", wish)
        elif not self.sides[who].credits:
            self._refused("insufficient_credits", acting, "message.send", wish)
        else:
            ack = acting.command("message.send", wish)
            message = ack["message"]
            self.sides[who].credits -= 1
            self.messages.append(ModelMessage(message["id"], who, text.strip()))
            assert message["seq"] == len(self.messages)
            assert ack["wallet"]["available"] == self.sides[who].credits
            self.wishes.append((who, wish, message["id"]))
            self.conversation_id = message["conversation_id"]
            for side in self.sides:
                side.archived = False

    @precondition(lambda self: self.wishes)
    @rule(device=number, which=number, other_text=st.booleans())
    def send_again(self, device: int, which: int, other_text: bool) -> None:
        who, wish, message_id = self.wishes[which % len(self.wishes)]
        acting = self._online(who, device)
        if other_text:
            changed = wish | {"text": wish["text"] + "?"}
            self._refused("client_id_conflict", acting, "message.send", changed)
        else:
            assert acting.command("message.send", wish)["message"]["id"] == message_id

    @precondition(lambda self: self.messages)
    @rule(who=who, device=number, which=number, text=text)
    def edit(self, who: int, device: int, which: int, text: str) -> None:
        message = self.messages[which % len(self.messages)]
        wish = {"message_id": message.id, "text": text}
        acting = self._online(who, device)
        refusal = self._edit_refusal(who, message, text.strip())
        if refusal:
            self._refused(refusal, acting, "message.edit", wish)
        else:
            acting.command("message.edit", wish)
            message.text = text.strip()

    def _edit_refusal(self, who: int, message: ModelMessage, text: str) -> str | None:
        if who in message.hidden:
            return "not_found"
        if message.sender != who:
            return "permission_denied"
        if message.deleted:
            return "message_deleted"
        return "unavailable" if self._blocked and text != message.text else None

    @precondition(lambda self: self.messages)
    @rule(who=who, device=number, which=number, scope=st.sampled_from(["me", "both"]))
    def delete(self, who: int, device: int, which: int, scope: str) -> None:
        message = self.messages[-1 - which % min(len(self.messages), 5)]
        wish = {"message_id": message.id, "for": scope}
        acting = self._online(who, device)
        if scope == "me":
            acting.command("message.delete", wish)
            message.hidden.add(who)
        elif who in message.hidden:
            self._refused("not_found", acting, "message.delete", wish)
        elif message.sender != who:
            self._refused("permission_denied", acting, "message.delete", wish)
        elif self._blocked and not message.deleted:
            self._refused("unavailable", acting, "message.delete", wish)
        else:
            acting.command("message.delete", wish)
            message.deleted, message.text = True, ""

    @precondition(lambda self: self.messages)
    @rule(who=who, device=number, seq=number, mark=st.sampled_from(["delivered_seq", "read_seq"]))
    def receipt(self, who: int, device: int, seq: int, mark: str) -> None:
        seq %= len(self.messages) + 1
        wish = {"conversation_id": self.conversation_id, mark: seq}
        ack = self._online(who, device).command("receipt.update", wish)
        side = self.sides[who]
        before = (side.delivered, side.read)
        side.delivered = max(side.delivered, seq)
        if mark == "read_seq":
            side.read = max(side.read, seq)
        if (side.delivered, side.read) != before and not self._blocked:
            side.shown = (side.delivered, side.read if side.read > before[1] else side.shown[1])
        assert ack["unread"] == self._unread(who)

    @precondition(lambda self: self.messages)
    @rule(who=who, device=number, active=st.booleans())
    def type(self, who: int, device: int, active: bool) -> None:
        command, wish = (
            f"typing.{'start' if active else 'stop'}",
            {"conversation_id": self.conversation_id},
        )
        acting = self._online(who, device)
        if self._blocked:
            self._refused("unavailable", acting, command, wish)
            return
        acting.command(command, wish)
        for other in filter(lambda one: one.online, self.devices[1 - who]):
            other.hear()
            (frame,) = other.ephemeral
            assert (frame["type"], frame["data"]["active"]) == ("typing", active)
            other.ephemeral.clear()

    @rule(who=who, device=number)
    def drop(self, who: int, device: int) -> None:
        device %= len(self.devices[who])
        if self.devices[who][device].online:
            self.devices[who][device].drop()
        else:
            self.devices[who][device].come_back()

    @rule(who=who)
    def bring_another_device(self, who: int) -> None:
        if len(self.devices[who]) < DEVICES_MAX:
            tablet = self.people[who].sign_in()
            self.devices[who].append(Device(tablet, self.people[1 - who].id))

    @rule(who=who)
    def block_or_unblock(self, who: int) -> None:
        side = self.sides[who]
        method = "DELETE" if side.blocks else "PUT"
        self.people[who].call(method, f"blocks/{self.people[1 - who].id}")
        side.blocks = not side.blocks

    @precondition(lambda self: self.messages)
    @rule(who=who, muted=st.none() | st.booleans(), archived=st.booleans())
    def keep_otherwise(self, who: int, muted: bool | None, archived: bool) -> None:
        change = {"archived": archived} | ({} if muted is None else {"muted": muted})
        self.people[who].call("PATCH", f"conversations/{self.conversation_id}", change)
        side = self.sides[who]
        side.archived = archived
        side.muted = side.muted if muted is None else muted

    @rule(who=who, credits=st.integers(1, 5))
    def get_credits(self, who: int, credits: int) -> None:
        from pairly.core import clock
        from payments.services import grant_credits

        grant_credits(
            owner_id=UUID(self.people[who].id),
            credits=credits,
            operation=f"grant:{uuid4()}",
            kind="grant",
            now=clock.now(),
        )
        self.sides[who].credits += credits

    # What must hold

    @invariant()
    def every_device_shows_what_the_server_has(self) -> None:
        if not hasattr(self, "devices"):
            return
        for who, devices in enumerate(self.devices):
            fresh = State(self.people[who], chats_alone=True)
            self._compare_with_model(who, fresh)
            for device in devices:
                device.hear()
                assert device.ephemeral == []
                if device.online:
                    assert device.state.as_lists() == fresh.as_lists()

    def _compare_with_model(self, who: int, fresh: State) -> None:
        side, peer = self.sides[who], self.sides[1 - who]
        assert fresh.wallet["available"] == side.credits
        seen = self._seen_by(who)
        shown = sorted(fresh.messages.values(), key=lambda message: message["seq"])
        assert [(one["id"], one["text"], one["deleted_at"] is not None) for one in shown] == [
            (one.id, one.text, one.deleted) for one in seen
        ]
        numbers = {message.id: seq for seq, message in enumerate(self.messages, 1)}
        assert [one["seq"] for one in shown] == [numbers[one["id"]] for one in shown]
        if not self.messages:
            assert fresh.conversations == {}
            return
        (conversation,) = fresh.conversations.values()
        assert conversation["last_seq"] == len(self.messages)
        assert conversation["last_message"] == (shown[-1] if shown else None)
        marks = ("my_delivered_seq", "my_read_seq", "peer_delivered_seq", "peer_read_seq")
        assert [conversation[mark] for mark in marks[:2]] == [side.delivered, side.read]
        assert tuple(conversation[mark] for mark in marks[2:]) == peer.shown
        kept = (conversation["unread"], conversation["muted"], conversation["archived"])
        assert kept == (self._unread(who), side.muted, side.archived)

    def teardown(self) -> None:
        """Who dropped off comes back and has missed nothing."""
        if not hasattr(self, "devices"):
            return
        for devices in self.devices:
            for device in devices:
                if not device.online:
                    device.come_back()
        self.every_device_shows_what_the_server_has()
        for devices in self.devices:
            for device in devices:
                device.person.close()
        for person in self.people:
            person.close()

    # Helpers

    @property
    def _blocked(self) -> bool:
        return any(side.blocks for side in self.sides)

    def _address(self, who: int) -> Json:
        if self.conversation_id is None:
            return {"to_user_id": self.people[1 - who].id}
        return {"conversation_id": self.conversation_id}

    def _online(self, who: int, device: int) -> Device:
        """One of the person's devices, which comes back if it has dropped off."""
        chosen = self.devices[who][device % len(self.devices[who])]
        if not chosen.online:
            chosen.come_back()
        return chosen

    def _seen_by(self, who: int, *, whole: bool = False) -> list[ModelMessage]:
        return [
            one for one in self.messages if who not in one.hidden and not (whole and one.deleted)
        ]

    def _unread(self, who: int) -> int:
        return sum(
            1
            for one in self.messages[self.sides[who].read :]
            if one.sender != who and who not in one.hidden and not one.deleted
        )

    def _refused(self, code: str, device: Device, type: str, data: Json) -> None:
        with pytest.raises(Refused) as refused:
            device.command(type, data)
        assert refused.value.code == code


@pytest.mark.mongodb
def test_devices_show_what_the_server_has(live_server_url: str, settings: Any) -> None:
    settings.WELCOME_BONUS_CREDITS = CREDITS
    Story.url = live_server_url
    run_state_machine_as_test(
        Story,
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
