"""Steps about accounts: coming in, devices, the directory, sockets."""

import secrets

import httpx

from pairly.demo.clients import Person, Socket
from pairly.demo.story import CheckFailed, Story, expect, expect_refusal

__all__ = [
    "find_each_other",
    "open_sockets",
    "read_configuration",
    "refuse_role",
    "register",
    "sign_in_again",
    "use_ticket_once",
]


def read_configuration(story: Story) -> str:
    """Configuration and prices are public, and the server is ready"""
    ready = httpx.get(f"{story.url}/health/ready", timeout=20, trust_env=False)
    expect(ready.status_code, 200, "status of /health/ready")
    for path in ("config", "prices"):
        answer = httpx.get(f"{story.url}/api/v1/{path}", timeout=20, trust_env=False)
        expect(answer.status_code, 200, f"status of {path} without a token")
        if not answer.headers.get("X-Request-ID"):
            raise CheckFailed(f"the answer of {path} has no X-Request-ID")
    return "ready"


def refuse_role(story: Story) -> str:
    """A role in the registration gives nobody a role"""
    email = _address("eve")
    refusal = expect_refusal(
        "validation_error", lambda: Person.register(story.url, "Eve", email=email, role="admin")
    )
    return f"{refusal.status} {refusal.code}"


def register(story: Story) -> str:
    """Ava and Ben register and get the welcome bonus"""
    story.ava = Person.register(story.url, "Ava", email=_address("ava"))
    story.ben = Person.register(story.url, "Ben", email=_address("ben"))
    wallet = story.ava.wallet()
    story.bonus = wallet["available"]
    expect(wallet, _wallet(story.bonus), "the wallet of a new person")
    expect(story.ben.wallet(), wallet, "the wallet of the other new person")
    return f"{story.bonus} credits each"


def sign_in_again(story: Story) -> str:
    """Both sign in on a second device"""
    story.ava_tablet, story.ben_tablet = story.ava.sign_in(), story.ben.sign_in()
    devices = story.ben.all_of("auth/devices")
    expect(len(devices), 2, "number of Ben's devices")
    expect("tablet" in str(devices), True, "the tablet's name is listed")
    expect(story.ben_tablet.call("GET", "me")["id"], story.ben.id, "who the tablet is signed in as")
    return "2 devices each"


def find_each_other(story: Story) -> str:
    """Ava finds Ben in the directory, without his address"""
    found = [row for row in story.ava.all_of("users") if row["id"] == story.ben.id]
    expect(len(found), 1, "how often the directory shows Ben")
    expect(found[0]["display_name"], "Ben", "Ben's name in the directory")
    profile = story.ava.call("GET", f"users/{story.ben.id}")
    for shown in (found[0], profile):
        if story.ben.email in str(shown) or "birth_date" in shown:
            raise CheckFailed("a profile shows the address or the birth date to others")
    return "listed once"


def open_sockets(story: Story) -> str:
    """Four sockets open, and ready is their first frame"""
    story.ava_socket, story.ava_tablet_socket = story.ava.socket(), story.ava_tablet.socket()
    story.ben_socket, story.ben_tablet_socket = story.ben.socket(), story.ben_tablet.socket()
    expect(story.ben_socket.ready["user_id"], story.ben.id, "the person in ready")
    devices = {s.ready["device_id"] for s in (story.ben_socket, story.ben_tablet_socket)}
    expect(len(devices), 2, "devices of Ben's sockets")
    return f"heartbeat every {story.ben_socket.ready['heartbeat_seconds']} s"


def use_ticket_once(story: Story) -> str:
    """A ticket opens one socket, once"""
    ticket = story.ava.call("POST", "auth/socket-ticket")["ticket"]
    opened = story.ava.socket(ticket=ticket)
    expect(opened.ready["user_id"], story.ava.id, "the person in ready")
    opened.close()
    return f"the second use is closed with {_code_of_second_use(story, ticket)}"


def _code_of_second_use(story: Story, ticket: str) -> int | None:
    code = Socket(story.url, None, ticket=ticket).close_code()
    expect(code, 4401, "close code of a used ticket")
    return code


def _address(name: str) -> str:
    return f"demo-{name}-{secrets.token_hex(6)}@pairly.test"


def _wallet(credits: int) -> dict[str, int]:
    return {"balance": credits, "held": 0, "available": credits, "debt": 0, "frozen": False}
