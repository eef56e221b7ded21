"""Ava and Ben in a conversation, Ava on two devices, for stories about their messages."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.clients import Json, Person, Refused

__all__ = ["Chat", "together"]


class Chat:
    """``phone`` and ``tablet`` are Ava's sockets, ``other`` is Ben's."""

    def __init__(self, url: str) -> None:
        self.ava, self.ben = Person.register(url, "Ava"), Person.register(url, "Ben")
        self.conversation = self.ava.open_conversation(self.ben)
        self.phone, self.tablet = self.ava.socket(), self.ava.sign_in().socket()
        self.other = self.ben.socket()
        self._messages = f"conversations/{self.conversation}/messages"

    def send(self, who: Person, text: str = "hello", **fields: object) -> Json:
        """Over REST, so that every socket hears of it; what they have heard is taken away."""
        wish = {"client_id": str(uuid4()), "kind": "text", "text": text} | fields
        sent: Json = who.call("POST", self._messages, wish)
        self.forget()
        return {name: sent[name] for name in sent if name not in ("wallet", "position")}

    def forget(self) -> None:
        for socket in (self.phone, self.tablet, self.other):
            socket.quiet()

    def history(self, who: Person) -> list[Json]:
        """What the person sees, oldest first."""
        return who.all_of(f"{self._messages}?after_seq=0")

    def view(self, who: Person) -> Json:
        found: Json = who.call("GET", f"conversations/{self.conversation}")
        return found

    def close(self) -> None:
        self.ava.close()
        self.ben.close()


def together(*calls: Callable[[], object]) -> list[object]:
    """Call them at the same moment; what each returns, or the code of its refusal."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return call()
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
