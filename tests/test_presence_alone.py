"""A peer that vanishes without a word: a laptop that sleeps, a phone without a network. And what is
left of presence when a server ends in order."""

from tests.clients import Person, Socket, create_people
from tests.conftest import StartServer
from tests.redis_server import RedisServer
from tests.servers import RunningServer
from tests.test_odd_frames import RawSocket
from tests.test_presence_processes import told

PINGS = {
    "PAIRLY_SOCKET_PING_SECONDS": "1",
    "PAIRLY_SOCKET_PING_TIMEOUT_SECONDS": "8",
    "PAIRLY_PRESENCE_DAMPING_SECONDS": "1",
    "PAIRLY_PRESENCE_SWEEP_MILLISECONDS": "200",
}


def test_who_answers_no_ping_is_gone_until_awake(
    start_server: StartServer, redis_server: RedisServer
) -> None:
    """Both servers at once, for it takes time: one on its own, one on Redis."""
    stories: list[tuple[RunningServer, Person, Person, Socket, RawSocket]] = []
    for kind, environment in (("daphne", {}), ("uvicorn", {"REDIS_URL": redis_server.url})):
        server = start_server(kind, PINGS | environment)
        ava, ben = create_people(server, 2, credits=10)
        ava.open_conversation(ben)
        watcher = ben.socket()
        (shown,) = watcher.command("presence.watch", {"user_ids": [ava.id]})["results"]
        assert shown["status"] == "offline"
        laptop = RawSocket(server, ava.token)
        assert laptop.hear_json()["type"] == "ready"
        told(watcher, ava, "online")
        # It falls asleep: nothing is read from now on, and nothing closed.
        stories.append((server, ava, ben, watcher, laptop))
    for _server, ava, _ben, watcher, laptop in stories:
        told(watcher, ava, "offline")
        laptop.close()
        ava.socket()  # it wakes
        told(watcher, ava, "online")
        # Who watched has said nothing all the while, but answered.
        assert "position" in watcher.command("presence.heartbeat")

    # A server that is one process ends in order: when she was seen is not lost with its store.
    server, ava, ben, _watcher, _laptop = stories[0]
    assert server.terminate() == 0
    server.restart()
    (shown,) = ben.call("GET", f"presence?user_id={ava.id}")["results"]
    assert shown["status"] == "offline"
    assert shown["last_seen"] is not None
    visits = ava.call("GET", "me/export")["presence"]["visits"]
    assert [visit["device_kind"] for visit in visits] == ["other", "other"]
