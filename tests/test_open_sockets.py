"""What closes open sockets: signing out, suspension, too many of them. And what opens none."""

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine
from django.conf import settings

from pairly.core import clock
from tests.clients import Closed, Person, Refused, Socket, text_message

pytestmark = pytest.mark.mongodb


@pytest.fixture
def people(live_server_url: str) -> tuple[Person, Person]:
    return Person.register(live_server_url, "Ava"), Person.register(live_server_url, "Ben")


def test_signing_out_closes_that_device_alone(people: tuple[Person, Person]) -> None:
    ava, ben = people
    tablet, laptop = ava.sign_in(), ava.sign_in("laptop")
    first, second = tablet.socket(), tablet.socket("/ws/chat/")
    others = [ava.socket(), laptop.socket(), ben.socket()]

    assert tablet.http.post("auth/logout").status_code == 204
    assert (first.close_code(), second.close_code()) == (4401, 4401)
    assert Socket(tablet.url, tablet.token).close_code() == 4401
    assert tablet.http.get("me").json()["code"] == "not_authenticated"
    for socket in others:
        assert socket.quiet() == []

    # A device can be ended from another one, by its id.
    (gone,) = [d["id"] for d in ava.all_of("auth/devices") if d["name"] == "laptop"]
    assert ava.http.delete(f"auth/devices/{gone}").status_code == 204
    assert others[1].close_code() == 4401
    assert others[0].quiet() == others[2].quiet() == []

    assert ava.http.post("auth/logout-all").status_code == 204
    assert others[0].close_code() == 4401
    assert others[2].quiet() == []


def test_a_suspended_person_is_refused_everywhere_at_once(people: tuple[Person, Person]) -> None:
    from pairly.accounts.services import restore_user, suspend_user

    ava, ben = people
    conversation = ava.open_conversation(ben)
    tablet = ava.sign_in()
    sockets = [ava.socket(), tablet.socket(), ava.socket("/ws/presence/")]
    ticket = ava.http.post("auth/socket-ticket").json()["ticket"]
    peer = ben.socket()

    suspend_user(actor_id=None, user_id=UUID(ava.id), reason="spam")
    assert [socket.close_code() for socket in sockets] == [4403, 4403, 4403]
    for person in (ava, tablet):
        assert Socket(person.url, person.token).close_code() == 4403
        for method, path in (("GET", "me"), ("GET", "wallet"), ("POST", "auth/logout")):
            answer = person.http.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
            assert answer.json()["trace_id"] == answer.headers["X-Request-ID"]
    assert Socket(ava.url, None, ticket=ticket).close_code() == 4403
    with pytest.raises(Refused, match="403 permission_denied"):
        ava.sign_in()
    # To others she is somebody who cannot be written to, and it costs nothing to find out.
    with pytest.raises(Refused, match="unavailable"):
        peer.command("message.send", text_message(conversation, "there?", str(uuid4())))
    assert ben.wallet()["available"] == 20
    assert peer.quiet() == []

    restore_user(actor_id=None, user_id=UUID(ava.id), reason="a mistake")
    back = ava.socket()
    peer.command("message.send", text_message(conversation, "there?", str(uuid4())))
    assert back.event("message.new")["data"]["message"]["text"] == "there?"


def test_a_deleted_account_leaves_at_once(people: tuple[Person, Person]) -> None:
    ava, ben = people
    conversation = ava.open_conversation(ben)
    socket, peer = ava.socket(), ben.socket()
    answer = ava.http.request("DELETE", "me", json={"password": ava.password})
    assert answer.status_code == 204
    assert socket.close_code() == 4401
    assert Socket(ava.url, ava.token).close_code() == 4401
    with pytest.raises(Refused, match="401 not_authenticated"):
        ava.sign_in()
    with pytest.raises(Refused, match="unavailable"):
        peer.command("message.send", text_message(conversation, "there?", str(uuid4())))
    assert ben.wallet()["available"] == 20


def test_a_changed_password_signs_the_other_devices_out(people: tuple[Person, Person]) -> None:
    ava, _ben = people
    tablet = ava.sign_in()
    mine, other = ava.socket(), tablet.socket()
    body = {"current_password": ava.password, "new_password": "another-harbour-43"}
    assert ava.http.post("auth/password/change", json=body).status_code == 204
    assert other.close_code() == 4401
    assert mine.quiet() == []


def test_who_may_open_a_socket(people: tuple[Person, Person]) -> None:
    ava, _ben = people
    for token in (None, "made-up", ava.token[:-1], ava.token[::-1]):
        assert Socket(ava.url, token).close_code() == 4401
    assert Socket(ava.url, None, ticket="made-up").close_code() == 4401
    ticket = ava.http.post("auth/socket-ticket").json()["ticket"]
    assert ava.socket(ticket=ticket).ready["user_id"] == ava.id
    assert Socket(ava.url, None, ticket=ticket).close_code() == 4401
    # A browser names the page's origin; that of the server itself is fine, others are not.
    assert Socket(ava.url, ava.token, origin="https://evil.example").close_code() == 4403
    host = httpx.URL(ava.url).netloc.decode()
    assert Socket(ava.url, ava.token, origin=f"http://{host}").open().ready["user_id"] == ava.id


def test_a_lapsed_sign_in_opens_nothing_and_ends_an_open_socket(
    people: tuple[Person, Person],
) -> None:
    ava, _ben = people
    socket = ava.socket()
    ticket = ava.http.post("auth/socket-ticket").json()["ticket"]
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        assert Socket(ava.url, None, ticket=ticket).close_code() == 4401
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert Socket(ava.url, ava.token).close_code() == 4401
        with pytest.raises(Refused, match="not_authenticated"):
            socket.command("presence.heartbeat")
        assert socket.close_code() == 4401


def test_a_device_holds_so_many_sockets(people: tuple[Person, Person]) -> None:
    ava, _ben = people
    most: int = settings.SOCKETS_PER_DEVICE_MAX
    sockets = [ava.socket() for _ in range(most + 1)]
    closed = [socket for socket in sockets if _is_closed(socket)]
    assert len(closed) == 1
    assert closed[0].close_code() == 4409
    # The others, and another device, go on.
    assert ava.sign_in().socket().quiet() == []


def _is_closed(socket: Socket) -> bool:
    try:
        socket.quiet()
    except Closed:
        return True
    return False
