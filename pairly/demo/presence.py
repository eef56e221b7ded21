"""Steps about presence: who is here, told as it changes to those who may know."""

from uuid import uuid4

from pairly.demo.clients import Json, Person, Socket
from pairly.demo.story import Story, expect, expect_refusal

__all__ = [
    "be_away",
    "be_invisible",
    "beat_without_socket",
    "look",
    "look_up_many",
    "unwatch",
    "watch",
]

LOOKED_UP_MAX = 100


def watch(story: Story) -> str:
    """Ben watches Ava and sees that she is here; whom he does not know is offline"""
    stranger = str(uuid4())
    wish = {"user_ids": [story.ava.id, stranger]}
    shown = story.ben_socket.command("presence.watch", wish)["results"]
    expect([one["user_id"] for one in shown], wish["user_ids"], "whom it tells of")
    expect([one["status"] for one in shown], ["online", "offline"], "how they show")
    return "online, offline"


def be_away(story: Story) -> str:
    """Ava wants to show as away: Ben is told at once; a heartbeat does not change her mind"""
    story.ava_socket.command("presence.set", {"mode": "away"})
    expect(_told(story.ben_socket, story.ava), _shown(story.ava, "away"), "what Ben is told")
    for active in (True, False):
        story.ava_socket.command("presence.heartbeat", {"active": active})
    expect(look(story.ben, story.ava), _shown(story.ava, "away"), "how she shows over REST")
    story.ava_socket.command("presence.set", {"mode": "auto"})
    expect(_told(story.ben_socket, story.ava), _shown(story.ava, "online"), "what Ben is told")
    expect_refusal(
        "validation_error", story.ava_socket.command, "presence.set", {"mode": "dancing"}
    )
    return "away, then online"


def be_invisible(story: Story) -> str:
    """Ava makes herself invisible: for Ben she has left, whatever she does"""
    story.ava.call("PUT", "presence", {"mode": "invisible"})
    left = _told(story.ben_socket, story.ava)
    expect(left["status"], "offline", "how she shows")
    story.ava_tablet_socket.command("presence.heartbeat")
    expect(look(story.ben, story.ava), left, "how she shows once she did something")
    expect(story.ava.call("GET", "presence")["mode"], "invisible", "her own wish")
    story.ava.call("PUT", "presence", {"mode": "auto"})
    expect(_told(story.ben_socket, story.ava), _shown(story.ava, "online"), "what Ben is told")
    return f"last seen {left['last_seen']}"


def beat_without_socket(story: Story) -> str:
    """A device without a socket says over HTTP that it is there"""
    before = story.ava_socket.command("presence.heartbeat")["position"]
    newest = story.ava.call("POST", "presence/heartbeat", {"active": False})["position"]
    expect(newest >= before, True, "whether it tells where her events stand")
    body = {"active": "perhaps"}
    expect_refusal("validation_error", story.ava.call, "POST", "presence/heartbeat", body)
    return f"position {newest}"


def look_up_many(story: Story) -> str:
    """One request asks about a hundred people, in the order of asking; not about more"""
    strangers = [str(uuid4()) for _ in range(LOOKED_UP_MAX)]
    ids = [*strangers[1:], story.ava.id]
    found = story.ben.call("GET", f"presence?{_query(ids)}")["results"]
    wanted = [{"user_id": one, "status": "offline", "last_seen": None} for one in ids[:-1]]
    expect(found, [*wanted, _shown(story.ava, "online")], "how they show")
    path = f"presence?{_query([*strangers, story.ava.id])}"
    expect_refusal("validation_error", story.ben.call, "GET", path)
    return f"{len(found)} people"


def unwatch(story: Story) -> str:
    """Ben watches Ava no more, and hears no more of her"""
    story.ben_socket.command("presence.unwatch", {"user_ids": [story.ava.id]})
    for mode in ("away", "auto"):
        story.ava_socket.command("presence.set", {"mode": mode})
    told = [frame["type"] for frame in story.ben_socket.quiet()]
    expect("presence.changed" in told, False, "whether Ben was told")
    return "nothing"


def look(viewer: Person, person: Person) -> Json:
    """How the one shows to the other over REST."""
    (found,) = viewer.call("GET", f"presence?user_id={person.id}")["results"]
    shown: Json = found
    return shown


def _shown(person: Person, status: str) -> Json:
    return {"user_id": person.id, "status": status, "last_seen": None}


def _told(socket: Socket, person: Person) -> Json:
    """What the socket is told next of this person."""
    while True:
        told: Json = socket.event("presence.changed")["data"]
        if told["user_id"] == person.id:
            return told


def _query(user_ids: list[str]) -> str:
    return "&".join(f"user_id={user_id}" for user_id in user_ids)
