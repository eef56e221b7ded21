"""Ava and Ben with two devices each, and the steps of a call over either door."""

from typing import Any
from uuid import uuid4

from tests.clients import Json, Person, Refused, Socket

__all__ = ["Line", "all_is_well", "code_of"]


class Line:
    """Ava calls; ``phone`` and ``tablet`` are hers, ``mobile`` and ``laptop`` are Ben's. ``call``
    is the newest one, by id."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ava, self.ben = Person.register(url, "Ava"), Person.register(url, "Ben")
        self.ava_tablet, self.ben_laptop = self.ava.sign_in(), self.ben.sign_in("laptop")
        self.phone, self.tablet = self.ava.socket(), self.ava_tablet.socket()
        self.mobile, self.laptop = self.ben.socket(), self.ben_laptop.socket()
        self.call = ""

    @property
    def sockets(self) -> tuple[Socket, ...]:
        return self.phone, self.tablet, self.mobile, self.laptop

    def wish(self, media: str = "audio", client_id: str | None = None) -> Json:
        return {
            "callee_id": self.ben.id,
            "media": media,
            "client_id": client_id or str(uuid4()),
        }

    def invite(self, media: str = "audio") -> Json:
        call: Json = self.phone.command("call.invite", self.wish(media))["call"]
        self.call = call["id"]
        return call

    def ask(self, socket: Socket, command: str, **data: Any) -> Json:
        return socket.command(f"call.{command}", {"call_id": self.call} | data)

    def accept(self) -> Json:
        call: Json = self.ask(self.mobile, "accept")["call"]
        return call

    def connect(self) -> Json:
        self.ask(self.phone, "media", connected=True)
        call: Json = self.ask(self.mobile, "media", connected=True)["call"]
        return call

    def talk(self, media: str = "audio") -> None:
        """As far as an active call; what the sockets have heard is taken away."""
        self.invite(media)
        self.accept()
        self.connect()
        self.forget()

    def beat(self) -> None:
        for socket in (self.phone, self.mobile):
            self.ask(socket, "heartbeat")

    def view(self, who: Person | None = None) -> Json:
        found: Json = (who or self.ava).call("GET", f"calls/{self.call}")
        return found

    def forget(self) -> None:
        for socket in self.sockets:
            socket.quiet()

    def close(self) -> None:
        self.ava.close()
        self.ben.close()


def code_of(call: Any, *arguments: Any, **fields: Any) -> str:
    """What a command is refused with; empty if it is not."""
    try:
        call(*arguments, **fields)
    except Refused as refused:
        return refused.code
    return ""


def all_is_well() -> bool:
    """Every invariant of every app."""
    from pairly.core.invariants import all_invariants

    wrong = [sentence for invariant in all_invariants().values() for sentence in invariant()]
    assert not wrong, wrong
    return True
