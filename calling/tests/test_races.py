"""At the same moment: whoever wins, there is one call, one end, one charge.

Each thread has a transaction of its own, as another process would.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import time_machine
from django.db import connections
from django.test import override_settings

from calling.invariants import INVARIANTS
from calling.models import Call, Slot
from calling.services.invites import check_invite, invite_calls
from calling.services.signals import Exchange
from calling.tasks import bill_calls, expire_ringing, reap_calls
from calling.tests.switchboard import Switchboard
from messaging.tests.people import make_people
from pairly.accounts.models import User
from pairly.accounts.services.safety import block, unblock
from pairly.core import clock
from pairly.core.batching import writer
from pairly.realtime.connections import hub
from payments.ledger.invariants import violations
from payments.services import grant_credits
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

CALLERS = 500


@pytest.fixture
def board(traveller: time_machine.Traveller) -> Any:
    made = Switchboard(traveller, credits=1000)
    yield made
    assert violations() == []
    assert [sentence for invariant in INVARIANTS for sentence in invariant()] == []


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_both_call_each_other_and_there_is_one_call(board: Switchboard) -> None:
    grant_credits(
        owner_id=board.people[1], credits=1000, operation="ben", kind="test", now=clock.now()
    )
    for _ in range(examples(small=30, ci=100, torture=1000)):
        before = Call.objects.count()
        assert at_once(lambda: board.invite(who=0), lambda: board.invite(who=1)) == ["", ""]
        (call,) = Call.objects.order_by("-id")[:1]
        assert Call.objects.count() == before + 1 and call.status == "accepted"
        assert set(Slot.objects.values_list("call_id", flat=True)) == {call.pk}
        board.call_id = call.pk
        assert board.ask("end", 0) == ""


@pytest.mark.parametrize("rate", [0, 5])
def test_an_invite_sent_twice_at_once_is_one_call(board: Switchboard, rate: int) -> None:
    """As a client does that got no answer in time, at another process."""
    with override_settings(PRICE_CALL_AUDIO_CREDITS_PER_MINUTE=rate):
        for number in range(examples(small=10, ci=30, torture=300)):
            name = f"invite {number}"
            codes = at_once(*[lambda name=name: board.invite(client_id=name)] * 3)
            assert codes == ["", "", ""]
            back = f"back {number}"
            met = at_once(*[lambda name=back: board.invite(who=1, client_id=name)] * 3)
            assert met == ["", "", ""] and board.call.status == "accepted"
            assert board.ask("end", 0) == ""
    assert Call.objects.count() == examples(small=10, ci=30, torture=300)


def test_of_many_who_call_one_person_one_rings(traveller: time_machine.Traveller) -> None:
    callee, *callers = make_people(CALLERS + 1, 5)
    futures: list[Future[Any]] = []
    for caller in callers:
        invite = check_invite(
            caller_id=caller,
            device_id=uuid4(),
            callee_id=callee,
            media="audio",
            client_id="once",
        )
        futures.append(Future())
        writer.submit(invite_calls, invite, futures[-1].set_result)
    codes = Counter(getattr(future.result(), "code", "rings") for future in futures)
    assert codes == {"rings": 1, "busy": CALLERS - 1}
    assert Call.objects.count() == 1


def test_both_hang_up_at_once(board: Switchboard) -> None:
    for _ in range(10):
        before = board.wallet.balance
        board.talk()
        board.wait(5)
        codes = at_once(lambda: board.ask("end", 0), lambda: board.ask("end", 1))
        assert sorted(codes) == ["", "conflict"]
        assert board.outcome == ("completed", 5, 5) and board.wallet.balance == before - 5


def test_accepting_cancelling_and_the_end_of_the_ring(board: Switchboard) -> None:
    seen = set()
    for number in range(12):
        board.invite()
        board.wait(30 if number % 2 else 5)
        accepted, cancelled, _swept = at_once(
            lambda: board.ask("accept", 1), lambda: board.ask("cancel", 0), expire_ringing
        )
        call = board.call
        outcome = call.end_reason or call.status
        won = {"accepted": (accepted, ""), "cancelled": (cancelled, ""), "missed": ("", "")}
        assert won[outcome][0] == won[outcome][1]
        assert [accepted, cancelled].count("") == (0 if outcome == "missed" else 1)
        assert outcome == "missed" if number % 2 else outcome != "missed"
        seen.add(outcome)
        board.ask("end", 0)
    assert "missed" in seen


def test_a_block_and_an_invite_at_once(board: Switchboard) -> None:
    ava, ben = (User.objects.get(pk=one) for one in board.people)
    for _ in range(12):
        code, _none = at_once(lambda: board.invite(), lambda: block(blocker=ben, blocked_id=ava.pk))
        assert code in ("", "unavailable")
        assert not Call.objects.filter(status="ringing").exists()
        if code == "":
            assert board.call.end_reason == "blocked"
        unblock(blocker=ben, blocked_id=ava.pk)


def test_many_sweepers_charge_once(board: Switchboard) -> None:
    board.talk()
    for minute in range(2, 6):
        for _ in range(12):
            board.wait(5)
            board.beat(0, 1)
        at_once(bill_calls, reap_calls, bill_calls, reap_calls, lambda: board.beat(0))
        assert (board.call.charged_minutes, board.call.credits) == (minute, minute * 5)
    assert board.wallet.held == 10


@pytest.mark.mongodb(only=True)
def test_a_signal_beside_the_answer_reaches_who_answered(
    board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which another process takes at the same moment."""
    passed: list[Any] = []
    monkeypatch.setattr(hub, "publish", passed.extend)
    board.invite()
    assert board.signal("offer", 0) == ""
    to_write = Exchange.write

    def write(exchange: Exchange) -> None:
        monkeypatch.setattr(Exchange, "write", to_write)
        assert at_once(lambda: board.ask("accept", 1)) == [""]
        to_write(exchange)

    monkeypatch.setattr(Exchange, "write", write)
    assert board.signal("candidate", 0) == ""
    heard = [
        msgspec.json.decode(news.data)["kind"]
        for news in passed
        if news.type == "call.signal" and news.device_id == board.devices[1][0]
    ]
    assert heard == ["offer", "candidate"]
