"""Who is in a call shows as busy to who may see them, as far as they allow it."""

from collections.abc import Iterator

import pytest
import time_machine

from calling.tasks import reap_calls
from calling.tests.line import Line
from presence.tests.scene import Scene, settle
from tests.clients import Person, Socket

pytestmark = pytest.mark.mongodb


class Onlookers(Scene):
    """Ava and Ben of the line, Cleo who writes with both of them, and a stranger."""

    def __init__(self, line: Line, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.line, self.ava, self.ben = line, line.ava, line.ben
        self.cleo, self.stranger = Person.register(line.url, "Cleo"), Person.register(line.url)
        for one in (self.ava, self.ben):
            self.cleo.open_conversation(one)

    def see(self, watcher: Socket) -> tuple[list[tuple[str, str]], list[str]]:
        """What Cleo's socket was told of whom, and how both show to her over HTTP."""
        settle()
        names = {self.ava.id: "Ava", self.ben.id: "Ben"}
        told = [
            (names[frame["data"]["user_id"]], frame["data"]["status"])
            for frame in watcher.quiet()
            if frame["type"] == "presence.changed"
        ]
        return sorted(told), [self.status(one, to=self.cleo) for one in (self.ava, self.ben)]

    def close(self) -> None:
        for person in (self.cleo, self.stranger):
            person.close()


@pytest.fixture
def scene(traveller: time_machine.Traveller, line: Line) -> Iterator[Onlookers]:
    made = Onlookers(line, traveller)
    yield made
    made.close()


def test_a_call_shows_to_who_may_see_it(scene: Onlookers) -> None:
    line, watcher = scene.line, scene.cleo.socket("/ws/presence/")
    assert scene.watch(watcher, scene.ava, scene.ben) == ["online", "online"]
    other = scene.stranger.socket()
    scene.watch(other, scene.ava, scene.ben)
    # It rings and is answered: they talk when both have media.
    line.invite()
    line.accept()
    assert scene.see(watcher) == ([], ["online", "online"])
    line.connect()
    assert scene.see(watcher) == ([("Ava", "busy"), ("Ben", "busy")], ["busy", "busy"])
    # Ben would rather not show it: at once, and as if he were just there.
    scene.ben.call("PATCH", "me", {"show_in_call": False})
    assert scene.see(watcher) == ([("Ben", "online")], ["busy", "online"])
    scene.ben.call("PATCH", "me", {"show_in_call": True})
    assert scene.see(watcher) == ([("Ben", "busy")], ["busy", "busy"])
    # Nor is anybody busy for a stranger, for whom they block, or for all when they hide.
    assert scene.status(scene.ava, to=scene.stranger) == "offline"
    assert scene.told(other) == []
    scene.ava.call("PUT", "presence", {"mode": "invisible"})
    assert scene.see(watcher) == ([("Ava", "offline")], ["offline", "busy"])
    scene.ava.call("PUT", "presence", {"mode": "auto"})
    assert scene.see(watcher) == ([("Ava", "busy")], ["busy", "busy"])
    line.ask(line.phone, "end")
    assert scene.see(watcher) == ([("Ava", "online"), ("Ben", "online")], ["online", "online"])


def test_who_hides_calls_tells_nothing_by_them(scene: Onlookers) -> None:
    line, watcher = scene.line, scene.cleo.socket()
    scene.ava.call("PATCH", "me", {"show_in_call": False})
    assert scene.watch(watcher, scene.ava) == ["online"]
    line.talk()
    assert scene.see(watcher) == ([], ["online", "busy"])
    line.ask(line.phone, "end")
    assert scene.see(watcher) == ([], ["online", "online"])


def test_a_call_that_falls_silent_is_over_for_others_too(scene: Onlookers) -> None:
    line, watcher = scene.line, scene.cleo.socket()
    line.talk()
    assert scene.watch(watcher, scene.ava, scene.ben) == ["busy", "busy"]
    while line.view()["status"] == "active":
        scene.wait(seconds=5)
        reap_calls()
    assert line.view()["end_reason"] == "dropped"
    assert scene.see(watcher) == ([("Ava", "online"), ("Ben", "online")], ["online", "online"])
