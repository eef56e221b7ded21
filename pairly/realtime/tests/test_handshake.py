"""Opening and losing sockets: who gets in, how the rest is told, what closes an open one."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from pairly.realtime.connections import Connection
from pairly.realtime.errors import CloseCode
from pairly.realtime.news import News
from pairly.realtime.services import disconnect
from tests.clients import Person, Refused, Socket

pytestmark = pytest.mark.mongodb


@pytest.fixture
def ava(live_server_url: str) -> Person:
    return Person.register(live_server_url, "Ava")


def ticket_of(person: Person) -> str:
    answer = person.http.post("auth/socket-ticket")
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["ticket"])


def test_a_token_or_a_ticket_lets_in_and_nothing_else(ava: Person) -> None:
    assert ava.socket().ready["user_id"] == ava.id
    ticket = ticket_of(ava)
    socket = Socket(ava.url, None, ticket=ticket).open()
    assert socket.ready["user_id"] == ava.id
    # A ticket is for one use; no token and a wrong one are refused alike, with a code.
    assert Socket(ava.url, None, ticket=ticket).close_code() == CloseCode.SIGN_IN_AGAIN
    for token in (None, "wrong"):
        assert Socket(ava.url, token).close_code() == CloseCode.SIGN_IN_AGAIN


def test_a_browser_needs_an_allowed_origin(ava: Person, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.test"]
    for origin in (ava.url, "https://app.example.test"):
        socket = Socket(ava.url, None, ticket=ticket_of(ava), origin=origin).open()
        assert socket.ready["user_id"] == ava.id
    evil = Socket(ava.url, ava.token, origin="https://evil.example.test")
    assert evil.close_code() == CloseCode.FORBIDDEN


def test_odd_origins_are_refused_like_any_other(ava: Person) -> None:
    for origin in ("null", "http://[", "//", "https://", ava.url + ".evil.test", "http://a\u00e9"):
        socket = Socket(ava.url, ava.token, origin=origin)
        assert socket.close_code() == CloseCode.FORBIDDEN, origin


def sign_out_while_signing_in(authorization: str | None, ticket: str | None) -> Any:
    """Another request ends the device when the socket is let in and not yet registered."""
    from pairly.accounts.authentication import authenticate_socket
    from pairly.accounts.services import end_device

    identity = authenticate_socket(authorization, ticket)
    end_device(user_id=identity.user_id, device_id=identity.device_id)
    return identity


def test_signing_out_during_a_handshake_closes_that_socket(ava: Person, settings: Any) -> None:
    settings.REALTIME_AUTHENTICATE = f"{__name__}.sign_out_while_signing_in"
    assert Socket(ava.url, ava.token).close_code() == CloseCode.SIGN_IN_AGAIN


def test_an_unknown_path_is_refused(ava: Person) -> None:
    assert Socket(ava.url, ava.token, "/ws/nothing/").close_code() == CloseCode.FORBIDDEN


def test_one_feature_alone_knows_its_own_commands(ava: Person) -> None:
    presence = ava.socket("/ws/presence/")
    assert presence.command("presence.heartbeat")["position"] == presence.position
    conversation = {"conversation_id": ava.id}
    with pytest.raises(Refused, match="validation_error"):
        presence.command("typing.start", conversation)
    with pytest.raises(Refused, match="not_found"):
        ava.socket("/ws/chat/").command("typing.start", conversation)


def test_signing_out_closes_the_sockets_of_that_device(ava: Person) -> None:
    tablet = ava.sign_in()
    here, there = ava.socket(), tablet.socket()
    assert ava.http.post("auth/logout").status_code == 204
    assert here.close_code() == CloseCode.SIGN_IN_AGAIN
    assert there.command("presence.heartbeat")["position"] >= there.position
    assert Socket(ava.url, ava.token).close_code() == CloseCode.SIGN_IN_AGAIN


def test_a_lost_close_shows_within_one_heartbeat(ava: Person) -> None:
    """Another process signs the device out and its news never arrive."""
    from pairly.accounts.models import Device
    from pairly.core import clock

    socket = ava.socket()
    Device.objects.filter(pk=UUID(socket.ready["device_id"])).update(ended_at=clock.now())
    with pytest.raises(Refused, match="not_authenticated"):
        socket.command("presence.heartbeat")
    assert socket.close_code() == CloseCode.SIGN_IN_AGAIN


def test_a_device_above_its_sockets_loses_the_oldest(ava: Person, settings: Any) -> None:
    settings.SOCKETS_PER_DEVICE_MAX = 2
    first, second = ava.socket(), ava.socket()
    third = ava.socket()
    assert first.close_code() == CloseCode.TOO_MANY_DEVICES
    for socket in (second, third):
        assert socket.command("presence.heartbeat")


def test_disconnect_reaches_one_device_or_all(ava: Person) -> None:
    tablet = ava.sign_in()
    here, there = ava.socket(), tablet.socket()
    user_id = UUID(ava.id)
    disconnect(user_id, code=4403, device_id=UUID(here.ready["device_id"]))
    assert here.close_code() == 4403
    assert there.command("presence.heartbeat")
    disconnect(user_id, code=4403)
    assert there.close_code() == 4403


def test_floods_are_slowed_and_then_closed(
    ava: Person, live_server_url: str, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    settings.MESSAGES_MAX, settings.MESSAGES_WINDOW_SECONDS = 3, 60
    settings.SOCKET_FRAMES_MAX, settings.SOCKET_FRAMES_WINDOW_SECONDS = 20, 60
    ben = Person.register(live_server_url, "Ben")
    conversation = ava.open_conversation(ben)
    socket = ava.socket()

    def send(number: int) -> dict[str, Any]:
        return socket.command(
            "message.send",
            {
                "conversation_id": conversation,
                "client_id": f"{number}",
                "kind": "text",
                "text": "hello",
            },
        )

    assert [send(n)["message"]["seq"] for n in range(3)] == [1, 2, 3]
    with pytest.raises(Refused) as refused:
        send(4)
    assert refused.value.code == "rate_limited"
    assert refused.value.error["retry_after_seconds"] >= 1
    for _ in range(40):
        socket.send("presence.heartbeat")
    assert socket.close_code() == CloseCode.TOO_FAST


class StuckPeer:
    """A socket whose peer reads nothing: sends wait until somebody lets them go."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.sent.append(message)


def test_a_stuck_reader_is_closed_and_holds_up_nobody(settings: Any) -> None:
    from pairly.realtime.connections import Hub

    settings.SOCKET_QUEUE_FRAMES_MAX = 10

    async def story() -> None:
        hub, stuck, fine = Hub(), StuckPeer(), StuckPeer()
        fine.reads.set()
        connections = [
            Connection(
                user_id=UUID(int=1),
                device_id=UUID(int=number),
                features=frozenset({"chat"}),
                send=peer.send,
            )
            for number, peer in enumerate((stuck, fine))
        ]
        for connection in connections:
            hub.add(connection)
            connection.start('{"type":"ready"}', 0)
        for position in range(1, 31):
            hub.deliver([News(UUID(int=1), "typing", "{}", position)])
            await asyncio.sleep(0)
        assert connections[0].closing and not connections[1].closing
        assert len(fine.sent) == 31
        stuck.reads.set()
        await connections[0].closed()
        assert stuck.sent[-1] == {"type": "websocket.close", "code": CloseCode.SILENT}
        assert len(stuck.sent) <= 12
        connections[1].finish()

    asyncio.run(story())


def test_what_arrives_during_the_handshake_follows_ready_once() -> None:
    async def story() -> None:
        peer = StuckPeer()
        peer.reads.set()
        connection = Connection(
            user_id=UUID(int=1), device_id=UUID(int=1), features=frozenset(), send=peer.send
        )
        # Committed before the position was read, so part of the state; and one after it.
        connection.send_text("5", 5)
        connection.send_text("6", 6)
        connection.start("ready", 5)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [message["text"] for message in peer.sent] == ["ready", "6"]
        connection.finish()

    asyncio.run(story())


def test_positions_arrive_in_order_on_every_socket(live_server_url: str) -> None:
    """Two people write to each other at once; each socket sees its person's positions in order,
    acks and events together."""
    ava, ben = Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")
    conversation = ava.open_conversation(ben)
    sockets = {"ava": ava.socket(), "ben": ben.socket(), "tablet": ava.sign_in().socket()}
    for number in range(15):
        for name in ("ava", "ben"):
            sockets[name].send(
                "message.send",
                {
                    "conversation_id": conversation,
                    "client_id": f"{name} {number}",
                    "kind": "text",
                    "text": f"{number}",
                },
            )
    for socket in sockets.values():
        start, seen = socket.position, list[int]()
        while len(seen) < 30:
            frame = socket._receive()
            assert frame["type"] in ("ack", "message.new"), frame
            seen.append(frame["position"] - start)
        assert seen == list(range(1, 31))
