"""Who may know: those who share a conversation and whom nothing parts, as far as one allows it."""

from uuid import UUID, uuid4

import pytest

from pairly.accounts.services import suspend_user
from presence.tests.scene import Scene, settle
from tests.clients import Person, Refused, Socket

pytestmark = pytest.mark.mongodb


def nothing_of(person_id: str) -> str:
    return f'{{"user_id":"{person_id}","status":"offline","last_seen":null}}'


def raw(viewer: Person, watcher: Socket, person_id: str) -> set[str]:
    """The bytes of both answers about one person, without their name."""
    http = viewer.http.get(f"presence?user_id={person_id}").text
    watcher.send_raw(f'{{"type":"presence.watch","id":"w","data":{{"user_ids":["{person_id}"]}}}}')
    frame = str(watcher.connection.recv(timeout=30))
    assert nothing_of(person_id) in http, http
    assert frame == f'{{"type":"ack","id":"w","data":{{"results":[{nothing_of(person_id)}]}}}}'
    return {text.replace(person_id, "") for text in (http, frame)}


@pytest.mark.parametrize("write_to_each_other", [False, True])
def test_the_same_bytes_are_read_of_everybody(
    scene: Scene, live_server_url: str, write_to_each_other: bool
) -> None:
    """Invisible, hidden, blocked, suspended, deleted, never made, and just not acquainted; also by
    whom they write with, but that the invisible show when they left unless they hide it."""
    cleo, watcher = scene.cleo, scene.cleo.socket("/ws/presence/")
    out_of_sight = [
        Person.register(live_server_url, name) for name in ("Dan", "Eve", "Fay", "Gil", "Hal")
    ]
    hidden, invisible, blocking, suspended, deleted = out_of_sight
    for person in out_of_sight:
        if write_to_each_other:
            cleo.open_conversation(person)
    for person in (scene.ava, *out_of_sight):
        person.socket()
    hidden.call("PATCH", "me", {"show_online_status": False})
    invisible.call("PUT", "presence", {"mode": "invisible"})
    invisible.call("PATCH", "me", {"show_last_seen": False})
    blocking.call("PUT", f"blocks/{cleo.id}")
    suspend_user(actor_id=None, user_id=UUID(suspended.id), reason="spam")
    deleted.call("DELETE", "me", {"password": deleted.password})
    settle()
    everybody = [scene.ava, *out_of_sight]
    answers = [raw(cleo, watcher, one) for one in (*(p.id for p in everybody), str(uuid4()))]
    assert answers[1:] == answers[:-1]
    # Nor does one hear of them.
    scene.leave(scene.ava, *scene.ava._sockets)
    scene.wait(minutes=1)
    assert scene.told(watcher) == []
    for person in everybody:
        person.close()


def test_a_partner_sees_what_is_allowed_at_every_moment(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    watcher, stranger = ben.socket(), scene.cleo.socket()
    ava.socket()
    assert scene.watch(watcher, ava) == ["online"]
    assert scene.watch(stranger, ava) == ["offline"]
    ava.call("PATCH", "me", {"show_online_status": False})
    assert scene.told(watcher) == ["offline"]
    ava.call("PATCH", "me", {"show_online_status": True, "show_last_seen": False})
    assert scene.told(watcher) == ["online"]
    ava.call("PUT", f"blocks/{ben.id}")
    assert scene.told(watcher) == ["offline"]
    assert scene.look(ava, to=ben)["status"] == "offline"
    assert scene.status(ben, to=ava) == "offline"
    ava.call("DELETE", f"blocks/{ben.id}")
    assert scene.told(watcher) == ["online"]
    scene.leave(ava, *ava._sockets)
    scene.wait(minutes=1)
    assert scene.look(ava, to=ben) == {"user_id": ava.id, "status": "offline", "last_seen": None}
    ava.call("PATCH", "me", {"show_last_seen": True})
    assert scene.look(ava, to=ben)["last_seen"] == "2026-03-01T12:00:00.000Z"
    ava.socket()
    scene.told(watcher)
    ava.call("DELETE", "me", {"password": ava.password})
    assert scene.told(watcher) == ["offline"]
    # A stranger who watches her too has heard of nothing.
    assert scene.told(stranger) == []


def test_strangers_become_acquainted(scene: Scene) -> None:
    ava, cleo = scene.ava, scene.cleo
    watcher = cleo.socket()
    ava.socket()
    assert scene.watch(watcher, ava, cleo) == ["offline", "online"]
    cleo.open_conversation(ava)
    assert scene.told(watcher) == ["online"]
    watcher.command("presence.unwatch", {"user_ids": [ava.id]})
    ava.call("PUT", "presence", {"mode": "away"})
    assert scene.told(watcher) == []


def test_what_is_asked_for_is_bounded(scene: Scene, settings: object) -> None:
    settings.PRESENCE_WATCHED_MAX = 3  # type: ignore[attr-defined]
    watcher = scene.ben.socket("/ws/presence/")
    ids = [str(uuid4()) for _ in range(501)]
    with pytest.raises(Refused, match="validation_error"):
        watcher.command("presence.watch", {"user_ids": ids})
    watcher.command("presence.watch", {"user_ids": ids[:3]})
    with pytest.raises(Refused, match="too_many_watched"):
        watcher.command("presence.watch", {"user_ids": ids[2:4]})
    watcher.command("presence.unwatch", {"user_ids": ids[:1]})
    watcher.command("presence.watch", {"user_ids": [*ids[2:4], ids[3]]})
    assert watcher.command("presence.watch", {"user_ids": []}) == {"results": []}
    many = "&".join(f"user_id={one}" for one in ids[:101])
    with pytest.raises(Refused, match="validation_error"):
        scene.ben.call("GET", f"presence?{many}")
    found = scene.ben.call("GET", f"presence?{many.rpartition('&')[0]}")
    assert [one["user_id"] for one in found["results"]] == ids[:100]
    with pytest.raises(Refused, match="validation_error"):
        scene.ben.call("GET", "presence?user_id=nobody")
    with pytest.raises(Refused, match="validation_error"):
        scene.ben.socket("/ws/chat/").command("presence.watch", {"user_ids": []})
