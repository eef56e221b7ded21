"""Who is here: devices that come, idle, leave and come back, as others see it."""

from uuid import UUID

import pytest

from pairly.realtime.connections import hub
from pairly.realtime.errors import CloseCode
from presence.selectors import active_ids
from presence.tests.scene import Scene, settle, until
from tests.clients import Refused

pytestmark = pytest.mark.mongodb


def test_a_person_comes_idles_and_wakes(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    assert scene.look(ava, to=ben) == {"user_id": ava.id, "status": "offline", "last_seen": None}
    watcher = ben.socket()
    assert scene.watch(watcher, ava) == ["offline"]
    phone = ava.socket()
    assert scene.told(watcher) == ["online"]
    scene.wait(seconds=300, milliseconds=-1)
    assert (scene.status(ava, to=ben), scene.told(watcher)) == ("online", [])
    scene.wait(milliseconds=1)
    assert (scene.status(ava, to=ben), scene.told(watcher)) == ("away", ["away"])
    # What a client sends by itself is no activity; what the person does is.
    phone.command("presence.heartbeat", {"active": False})
    phone.command("sync", {"since": phone.position})
    assert scene.told(watcher) == []
    phone.command("presence.heartbeat")
    assert scene.told(watcher) == ["online"]
    scene.wait(seconds=300)
    scene.wait(minutes=30, milliseconds=-1)
    assert scene.told(watcher) == ["away"]
    scene.wait(milliseconds=1)
    left = scene.look(ava, to=ben)
    assert (left["status"], left["last_seen"]) == ("offline", "2026-03-01T12:05:00.000Z")
    assert scene.told(watcher) == ["offline"]
    phone.command("presence.heartbeat")
    assert scene.told(watcher) == ["online"]


def test_devices_are_merged_and_a_short_absence_is_none(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    watcher = ben.socket()
    scene.watch(watcher, ava)
    phone, tablet = ava.socket(), ava.sign_in().socket()
    second_tab = ava.socket()
    assert scene.told(watcher) == ["online"]
    scene.leave(ava, tablet)
    scene.leave(ava, second_tab)
    scene.wait(seconds=10)
    assert scene.told(watcher) == []
    # Gone for less than five seconds: nobody hears of it.
    scene.leave(ava, phone)
    scene.wait(seconds=5, milliseconds=-1)
    phone = ava.socket()
    scene.wait(seconds=60)
    assert scene.told(watcher) == []
    scene.leave(ava, phone)
    scene.wait(seconds=5, milliseconds=-1)
    assert scene.told(watcher) == []
    scene.wait(milliseconds=1)
    assert scene.told(watcher) == ["offline"]
    # To come back at once is no sign that anybody is there.
    assert scene.look(ava, to=ben)["last_seen"] == "2026-03-01T12:00:00.000Z"


def test_who_is_sent_away_to_come_back_is_not_gone(scene: Scene) -> None:
    from pairly.realtime.services import disconnect

    ava, ben = scene.ava, scene.ben
    watcher, phone = ben.socket(), ava.socket()
    assert scene.watch(watcher, ava) == ["online"]
    disconnect(UUID(ava.id), code=CloseCode.RESTART)
    assert phone.close_code() == CloseCode.RESTART
    until(lambda: not hub.of(UUID(ava.id)))
    scene.wait(seconds=30)
    ava.socket()
    scene.wait(seconds=1)
    assert scene.told(watcher) == []


def test_a_device_without_a_socket_lives_by_heartbeats(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    answer = ava.call("POST", "presence/heartbeat")
    assert answer == {"position": ava.socket().position}
    scene.leave(ava, *ava._sockets)
    scene.wait(seconds=70, milliseconds=-1)
    assert scene.status(ava, to=ben) == "online"
    ava.call("POST", "presence/heartbeat", {"active": False})
    scene.wait(seconds=70, milliseconds=-1)
    assert scene.status(ava, to=ben) == "online"
    scene.wait(milliseconds=1)
    assert scene.status(ava, to=ben) == "offline"
    with pytest.raises(Refused, match="validation_error"):
        ava.call("POST", "presence/heartbeat", {"active": "perhaps"})


def test_wishes_are_heeded_and_kept(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    watcher, phone = ben.socket(), ava.socket()
    scene.watch(watcher, ava)
    scene.wait(seconds=30)
    assert phone.command("presence.set", {"mode": "away"}) == {"mode": "away"}
    assert scene.told(watcher) == ["away"]
    assert ava.call("PUT", "presence", {"mode": "invisible"}) == {"mode": "invisible"}
    assert scene.told(watcher) == ["offline"]
    gone_at = scene.look(ava, to=ben)["last_seen"]
    assert gone_at == "2026-03-01T12:00:30.000Z"
    # Nothing that the invisible do moves what others see; also not that they leave and return.
    scene.wait(minutes=1)
    phone.command("presence.heartbeat")
    phone.command("presence.set", {"mode": "invisible"})
    scene.leave(ava, phone)
    scene.wait(minutes=1)
    phone = ava.socket()
    scene.wait(minutes=6)
    assert scene.told(watcher) == []
    assert scene.look(ava, to=ben)["last_seen"] == gone_at
    assert ava.call("GET", "presence")["mode"] == "invisible"
    phone.command("presence.set", {"mode": "auto"})
    assert scene.told(watcher) == ["online"]
    with pytest.raises(Refused, match="validation_error"):
        phone.command("presence.set", {"mode": "dancing"})


def test_other_apps_ask_who_is_active(scene: Scene) -> None:
    ava, ben = UUID(scene.ava.id), UUID(scene.ben.id)
    phone = scene.ava.socket()
    phone.command("presence.set", {"mode": "invisible"})
    settle()
    assert active_ids([ava, ben]) == {ava}
    scene.wait(seconds=300)
    assert active_ids([ava, ben]) == set()
