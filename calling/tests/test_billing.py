"""What calls cost, to the credit and to the millisecond, on a clock that stands still."""

from typing import Any

import pytest
import time_machine
from django.test import override_settings

from calling.invariants import INVARIANTS
from calling.models import Call, Watch
from calling.services import sweeps
from calling.services.desk import Desk
from calling.services.progress import catch_up
from calling.tariff import Tariff
from calling.tasks import bill_calls, expire_ringing, reap_calls
from calling.tests.switchboard import Crash, Switchboard, crashing
from pairly.core import clock
from pairly.realtime.models import Event
from pairly.staff.tests.people import new_staff
from payments.freezes.services import freeze_spending
from payments.ledger.invariants import violations
from payments.ledger.models import OpenHold, Transfer

pytestmark = pytest.mark.mongodb


@pytest.fixture
def board(traveller: time_machine.Traveller) -> Any:
    made = Switchboard(traveller, credits=100)
    yield made
    assert violations() == []
    assert [sentence for invariant in INVARIANTS for sentence in invariant()] == []


def sweep() -> None:
    expire_ringing()
    bill_calls()
    reap_calls()


def events_of(board: Switchboard, kind: str) -> list[str]:
    mine = Event.objects.filter(pk__startswith=board.people[0].hex, type=kind)
    return list(mine.order_by("pk").values_list("data", flat=True))


@pytest.mark.parametrize(
    ("milliseconds", "whole", "half", "second"),
    [
        # Whole minutes, half minutes, seconds; at 7 credits a minute.
        (0, 7, 4, 1),
        (999, 7, 4, 1),
        (1000, 7, 4, 1),
        (29_999, 7, 4, 4),
        (30_000, 7, 7, 4),
        (59_999, 7, 7, 7),
        (60_000, 14, 11, 8),
        (60_001, 14, 11, 8),
        (119_999, 14, 14, 14),
        (120_000, 21, 18, 15),
    ],
)
def test_every_edge_of_an_increment(milliseconds: int, whole: int, half: int, second: int) -> None:
    for increment, cost in ((60, whole), (30, half), (1, second)):
        assert Tariff(7, 60_000, increment * 1000).cost(milliseconds) == cost


def test_minutes_are_held_ahead_and_charged_when_they_begin(board: Switchboard) -> None:
    assert board.invite() == ""
    assert (board.wallet.held, board.wallet.available) == (10, 90)
    board.ask("accept", 1)
    board.ask_together("media", [0, 1])
    assert (board.wallet.balance, board.wallet.held) == (95, 10)
    for minute in range(2, 6):
        board.keep_talking(60, sweep)
        assert board.call.charged_minutes == minute
        assert (board.wallet.balance, board.wallet.held) == (100 - 5 * minute, 10)
    board.wait(milliseconds=59_999)
    board.ask("end", 1)
    assert board.outcome == ("completed", 300, 25)
    names = Transfer.objects.filter(pk__startswith=f"call:{board.call_id}:minute:")
    assert names.count() == 5 and board.wallet.held == 0


def test_an_orderly_end_bills_to_its_own_instant(board: Switchboard) -> None:
    """Also minutes that no heartbeat has reached yet."""
    board.talk()
    board.keep_talking(50, sweep)
    board.wait(9.999)
    board.ask("end", 0)
    assert board.outcome == ("completed", 60, 5)
    board.talk()
    board.keep_talking(50, sweep)
    board.wait(10)
    sweep()
    assert board.call.charged_minutes == 1  # nobody has lived to the second one yet
    board.ask("end", 0)
    assert board.outcome == ("completed", 60, 10)


def test_a_silence_that_ends_is_billed_and_one_that_does_not_is_free(board: Switchboard) -> None:
    board.talk()
    board.keep_talking(55, sweep)
    for _ in range(14):
        board.wait(1)
        board.beat(0)
        sweep()
    assert board.call.charged_minutes == 1
    board.beat(1)
    sweep()
    assert board.call.charged_minutes == 2
    # And now the other one falls silent at 69 seconds, for good.
    board.keep_talking(45, sweep)
    for _ in range(15):
        board.wait(1)
        board.beat(1)
        sweep()
    assert board.call.status == "active"
    board.wait(milliseconds=1)
    assert board.beat(0) == ["conflict"]  # too late, whether a sweeper has looked or not
    assert board.outcome == ("dropped", 114, 10)
    assert board.wallet.held == 0 and board.beat(1) == ["conflict"]


def test_credits_run_out_exactly_where_the_last_minute_ends(
    traveller: time_machine.Traveller,
) -> None:
    board = Switchboard(traveller, credits=11, bonus=7)
    board.talk()
    assert board.wallet.held == 10
    board.keep_talking(120, sweep)
    assert events_of(board, "call.balance_low") == [
        f'{{"call_id":"{board.call_id}","seconds_left":60}}'
    ]
    board.keep_talking(40, sweep)
    low = events_of(board, "call.balance_low")
    assert low[1:] == [f'{{"call_id":"{board.call_id}","seconds_left":20}}']
    board.keep_talking(19, sweep)
    board.wait(milliseconds=999)
    sweep()
    assert board.call.status == "active"
    board.wait(milliseconds=1)
    sweep()
    assert board.outcome == ("no_credit", 180, 15)
    call = board.call
    assert call.ended_at is not None and call.connected_at is not None
    assert (call.ended_at - call.connected_at).total_seconds() == 180
    assert (board.wallet.balance, board.wallet.held) == (3, 0)
    assert board.invite() == "insufficient_credits"


def test_a_sweeper_that_comes_late_changes_nothing(traveller: time_machine.Traveller) -> None:
    for late in (0, 5, 300):
        board = Switchboard(traveller, credits=15)
        board.talk()
        board.keep_talking(175, sweep)
        for _ in range(2):
            board.wait(5)
            board.beat(0, 1)
        board.wait(late)
        if late < 15:
            board.ask("end", 0)
        sweep()
        assert board.outcome == ("no_credit", 180, 15), late
        board.wait(400)


def test_a_top_up_in_mid_call_extends_it(traveller: time_machine.Traveller) -> None:
    board = Switchboard(traveller, credits=5)
    board.talk()
    board.keep_talking(45, sweep)
    assert len(events_of(board, "call.balance_low")) == 2
    board.top_up(14)
    board.keep_talking(130, sweep)
    assert board.call.status == "active" and len(events_of(board, "call.balance_low")) == 4
    board.keep_talking(10, sweep)
    assert board.outcome == ("no_credit", 180, 15) and board.wallet.balance == 4


def test_a_freeze_and_spending_elsewhere_stop_the_next_minutes_alone(
    traveller: time_machine.Traveller,
) -> None:
    board = Switchboard(traveller, credits=100)
    board.talk()
    board.keep_talking(20, sweep)
    freeze_spending(actor_id=new_staff("finance").pk, user_id=board.people[0], reason="Look")
    board.keep_talking(159, sweep)
    assert board.call.status == "active"
    board.keep_talking(1, sweep)
    assert board.outcome == ("no_credit", 180, 15)
    other = Switchboard(traveller, credits=25)
    other.talk()
    assert other.spend(10) and not other.spend(1)
    other.keep_talking(180, sweep)
    assert other.outcome == ("no_credit", 180, 15) and other.wallet.balance == 0


def test_a_share_goes_to_the_callee_and_rounding_never_adds_up(
    traveller: time_machine.Traveller,
) -> None:
    with override_settings(
        CALL_CALLEE_SHARE_PERCENT=33,
        PRICE_CALL_AUDIO_CREDITS_PER_MINUTE=7,
        BILLING_INCREMENT_SECONDS=1,
    ):
        board = Switchboard(traveller, credits=50, bonus=10)
        board.talk()
        assert board.call.credits == 0  # a minute is charged once it is due in full
        board.keep_talking(59, sweep)
        board.beat(0, 1)
        sweep()
        assert board.call.credits == 7
    # Settings that change meanwhile are of no concern to it.
    board.keep_talking(122, sweep)
    board.ask("end", 0)
    # 182 seconds are begun: 182 * 7 / 60 = 21.2, a credit begun counts.
    assert board.outcome == ("completed", 181, 22)
    assert board.earned == 22 * 33 // 100 and board.wallet.balance == 60 - 22


def test_free_calls_hold_and_charge_nothing(traveller: time_machine.Traveller) -> None:
    with override_settings(PRICE_CALL_AUDIO_CREDITS_PER_MINUTE=0):
        board = Switchboard(traveller, credits=0)
        board.talk()
        board.keep_talking(130, sweep)
        board.ask("end", 0)
        assert board.outcome == ("completed", 130, 0)
    assert not Transfer.objects.filter(pk__startswith="call:").exists()


def test_what_is_never_answered_or_never_has_media_is_free(board: Switchboard) -> None:
    board.invite()
    board.wait(29.999)
    sweep()
    assert board.call.status == "ringing"
    board.wait(milliseconds=1)
    sweep()
    assert board.outcome == ("missed", 0, 0)
    board.invite()
    board.wait(30)
    assert board.ask("accept", 1) == "conflict"  # no sweeper has looked yet
    assert board.outcome == ("missed", 0, 0)
    board.invite()
    board.ask("accept", 1)
    board.ask("media", 0)
    board.wait(19.999)
    sweep()
    assert board.call.status == "accepted"
    board.wait(milliseconds=1)
    sweep()
    assert board.outcome == ("failed", 0, 0)
    assert (board.wallet.balance, board.wallet.held) == (100, 0)


def test_a_server_that_was_away_goes_on_or_ends_at_the_last_sign(board: Switchboard) -> None:
    board.talk()
    board.keep_talking(63, sweep)
    board.wait(22)  # three seconds after the last heartbeats the server dies; ten, and it starts
    sweep()
    assert board.call.status == "active"
    assert board.beat(0, 1) == ["", ""]
    board.wait(14)
    sweep()
    board.beat(0, 1)
    board.keep_talking(30, sweep)
    assert (board.call.status, board.call.credits) == ("active", 15)
    board.wait(120)
    sweep()
    assert board.outcome == ("dropped", 129, 15)
    # Back, but the other side does not come: the grace counts from the return.
    board.talk()
    board.keep_talking(10, sweep)
    board.wait(30)
    sweep()
    for _ in range(15):
        board.wait(1)
        board.beat(0)
        sweep()
    assert board.call.status == "active"
    board.wait(1)
    sweep()
    assert board.outcome == ("dropped", 10, 5)


def test_a_clock_that_jumps_bills_nobody(board: Switchboard) -> None:
    board.talk()
    board.keep_talking(30, sweep)
    board.wait(3600)
    assert board.beat(0) == ["conflict"]
    assert board.outcome == ("dropped", 30, 5)
    board.talk()
    board.keep_talking(30, sweep)
    board.wait(-10)
    board.beat(0, 1)
    sweep()
    assert (board.call.status, board.call.credits) == ("active", 5)
    board.wait(-3600)
    assert board.beat(0) == ["conflict"]
    assert board.outcome == ("dropped", 30, 5)
    board.wait(7200)


def test_holds_pay_debts_when_they_are_freed(traveller: time_machine.Traveller) -> None:
    """Somebody who owes by now gets nothing back before that is settled."""
    from payments.ledger.accounts import DEBT, ISSUED, house_key, personal_key
    from payments.ledger.services import account_ids, post
    from payments.ledger.transfers import Posting

    board = Switchboard(traveller, credits=20)
    board.talk()
    assert board.spend(5)
    keys = [personal_key(board.people[0], DEBT), house_key(ISSUED)]
    ids = account_ids(keys, clock.now())
    post([Posting("d", ids[keys[0]], ids[keys[1]], 7, "test", "d")], clock.now())
    board.keep_talking(5, sweep)
    board.ask("end", 0)
    assert board.outcome == ("completed", 5, 5)
    wallet = board.wallet
    assert (wallet.balance, wallet.held, wallet.debt) == (3, 0, 0)
    assert violations() == []


def test_a_crash_between_any_two_writes_leaves_the_whole_or_nothing(
    traveller: time_machine.Traveller,
) -> None:
    """Each step of a call dies at its first write, its second, and so on, until it gets through."""
    board = Switchboard(traveller, credits=40, bonus=3)
    with override_settings(CALL_CALLEE_SHARE_PERCENT=50):
        survive(board, lambda: board.invite(client_id="once"))
        survive(board, lambda: board.ask("accept", 1))
        survive(board, lambda: board.ask("media", 0))
        survive(board, lambda: board.ask("media", 1))
    assert (board.call.credits, board.wallet.held) == (5, 10)
    board.keep_talking(55, sweep)
    board.wait(5)
    survive(board, lambda: board.beat(0, 1)[0])
    survive(board, lambda: str(bill_calls() or ""), {"", "1"})
    assert (board.call.credits, board.earned) == (10, 5)
    board.wait(1)
    survive(board, lambda: board.ask("end", 1))
    assert board.outcome == ("completed", 61, 10)
    assert (board.wallet.balance, board.wallet.held) == (33, 0)
    assert not OpenHold.objects.exists() and violations() == []


def survive(board: Switchboard, act: Any, answers: set[str] = {""}) -> None:  # noqa: B006
    before = transfers = Transfer.objects.count()
    row = Call.objects.filter(pk=board.call_id).values().first()
    writes = 0
    while True:
        try:
            with crashing(writes):
                answer = act()
        except Crash:
            transfers = Transfer.objects.count()
            assert transfers == before
            assert Call.objects.filter(pk=board.call_id).values().first() == row
            writes += 1
            continue
        assert answer in answers
        return


def test_a_call_that_cannot_be_looked_after_keeps_no_other_from_it(
    traveller: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = Switchboard(traveller, credits=20), Switchboard(traveller, credits=20)
    for board in (broken, good):
        board.invite()

    def fails(call: Call, desk: Desk) -> None:
        if call.pk == broken.call_id:
            raise RuntimeError("a bug of ours")
        catch_up(call, desk)

    broken.wait(31)
    with monkeypatch.context() as patches:
        patches.setattr(sweeps, "catch_up", fails)
        with pytest.raises(RuntimeError):  # the schedule notes it
            expire_ringing()
    assert good.outcome == ("missed", 0, 0) and broken.call.status == "ringing"
    assert expire_ringing() == 1 and broken.outcome == ("missed", 0, 0)


def test_watching_is_noted_once_for_all_processes(board: Switchboard) -> None:
    reap_calls()
    board.wait(1)
    reap_calls()
    (watch,) = Watch.objects.all()
    assert (watch.swept_at - watch.resumed_at).total_seconds() == 1
    board.wait(6)
    reap_calls()
    (watch,) = Watch.objects.all()
    assert watch.swept_at == watch.resumed_at == clock.now()
