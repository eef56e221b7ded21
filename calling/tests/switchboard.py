"""Two people with two devices each and a clock that stands still, without HTTP: what their devices
send is handed to the same operations, one transaction each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import time_machine
from django.db.models import Model, QuerySet

from calling.models import Call
from calling.schemas import SignalKind
from calling.services import answers, invites
from calling.services.heartbeats import Heartbeat, take_heartbeats
from calling.services.signals import check_signal, relay_signals
from messaging.tests.people import make_people
from pairly.accounts.models import Device
from pairly.accounts.services.devices import Origin, open_devices
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import PairlyError
from pairly.core.table import Table
from payments.selectors import pockets_of, wallet_of
from payments.services import Charges, Wallet, grant_credits

__all__ = ["Crash", "Switchboard", "crashing"]

COMMANDS = {
    "accept": answers.accept_calls,
    "decline": answers.decline_calls,
    "cancel": answers.cancel_calls,
    "end": answers.end_calls,
    "join": answers.join_calls,
    "media": answers.report_media,
}


class Switchboard:
    """``people[0]`` calls ``people[1]``; device 0 of each is in the call unless another joins."""

    def __init__(self, traveller: time_machine.Traveller, credits: int, bonus: int = 0) -> None:
        self._traveller = traveller
        self.people = make_people(2, bonus)
        if credits:
            self._buy(credits)
        open_devices(user_ids=self.people * 2, origin=Origin(), now=clock.now())
        self.devices: list[list[UUID]] = [
            list(Device.objects.filter(user_id=one).order_by("id").values_list("pk", flat=True))
            for one in self.people
        ]
        self.call_id = uuid4()

    # Time

    def wait(self, seconds: float = 0, *, milliseconds: int = 0) -> None:
        self._traveller.shift(timedelta(seconds=seconds, milliseconds=milliseconds))

    # Commands; each gives the code of its refusal, or an empty text

    def invite(self, media: str = "audio", who: int = 0, client_id: str | None = None) -> str:
        invite = invites.check_invite(
            caller_id=self.people[who],
            device_id=self.devices[who][0],
            callee_id=self.people[1 - who],
            media=media,
            client_id=client_id or uuid4().hex,
        )
        (result,) = run_atomic(lambda: invites.invite_calls([invite]))
        if isinstance(result, PairlyError):
            return result.code
        self.call_id = result.call.id
        return ""

    def ask(self, command: str, who: int, device: int = 0, **fields: Any) -> str:
        return self.ask_together(command, [who], device, **fields)[0]

    def ask_together(
        self, command: str, whose: Sequence[int], device: int = 0, **fields: Any
    ) -> list[str]:
        """The same command of several, in one batch."""
        wishes = [
            answers.CallWish(self.people[who], self.devices[who][device], self.call_id, **fields)
            for who in whose
        ]
        return _codes(run_atomic(lambda: COMMANDS[command](wishes)))

    def beat(self, *whose: int, device: int = 0) -> list[str]:
        beats = [
            Heartbeat(self.people[who], self.devices[who][device], self.call_id) for who in whose
        ]
        return _codes(run_atomic(lambda: take_heartbeats(beats)))

    def signal(self, kind: SignalKind, who: int, device: int = 0) -> str:
        request = check_signal(
            user_id=self.people[who],
            device_id=self.devices[who][device],
            call_id=self.call_id,
            kind=kind,
            payload="{}",
        )
        return _codes(run_atomic(lambda: relay_signals([request])))[0]

    def talk(self, media: str = "audio") -> None:
        assert self.invite(media) == ""
        assert self.ask("accept", 1) == ""
        assert self.ask_together("media", [0, 1]) == ["", ""]

    def keep_talking(self, seconds: int, sweep: Callable[[], Any]) -> None:
        """With heartbeats of both every five seconds, and a sweeper that looks every second."""
        for second in range(1, seconds + 1):
            self.wait(1)
            if not second % 5:
                self.beat(0, 1)
            sweep()

    # Money

    def _buy(self, credits: int) -> None:
        """Paid credits, as a purchase gives them."""
        from payments.ledger.accounts import ISSUED, PAID, house_key, personal_key
        from payments.ledger.services import account_ids, post
        from payments.ledger.transfers import Posting

        now = clock.now()
        keys = [house_key(ISSUED), personal_key(self.people[0], PAID)]
        ids = account_ids(keys, now)
        operation = f"test:{uuid4()}"
        post([Posting(operation, ids[keys[0]], ids[keys[1]], credits, "test", operation)], now)

    def top_up(self, credits: int) -> None:
        grant_credits(
            owner_id=self.people[0],
            credits=credits,
            operation=f"test:{uuid4()}",
            kind="test",
            now=clock.now(),
        )

    def spend(self, credits: int) -> bool:
        """On something else than the call, if there is so much."""

        def spend() -> bool:
            charges = Charges([self.people[0]], clock.now())
            try:
                charges.charge(
                    payer_id=self.people[0],
                    payee_id=self.people[1],
                    credits=credits,
                    operation=f"test:{uuid4()}",
                    kind="test",
                )
            except PairlyError:
                return False
            charges.write()
            return True

        return run_atomic(spend)

    # What there is

    @property
    def call(self) -> Call:
        return Call.objects.get(pk=self.call_id)

    @property
    def wallet(self) -> Wallet:
        return wallet_of(self.people[0])

    @property
    def earned(self) -> int:
        """By the callee."""
        return pockets_of(self.people[1])["earnings"]

    @property
    def outcome(self) -> tuple[str, int, int]:
        call = self.call
        return call.end_reason, call.billed_seconds, call.credits


def _codes(results: Sequence[Any]) -> list[str]:
    return [result.code if isinstance(result, PairlyError) else "" for result in results]


class Crash(BaseException):
    """The process dies here."""


@contextmanager
def crashing(writes: int) -> Iterator[None]:
    """Die before the write of that number, counted from 0."""
    left = writes

    def counted(write: Any) -> Any:
        def count(*arguments: Any, **fields: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Crash
            left -= 1
            return write(*arguments, **fields)

        return count

    places: list[tuple[Any, str]] = [
        *((Table, name) for name in ("insert", "compare_and_set", "delete")),
        *((QuerySet, name) for name in ("update", "delete")),
        (Model, "save"),
    ]
    patches = [patch.object(owner, name, counted(getattr(owner, name))) for owner, name in places]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
