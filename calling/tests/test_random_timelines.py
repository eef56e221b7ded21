"""Random timelines of calls against a reference model, to the credit and to the millisecond.

Answers, drops, reconnects, other devices, breaks of the server, crashes between two writes, late
and doubled commands, both hanging up at once, credits that run out and that come in mid-call.
"""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calling.invariants import INVARIANTS
from calling.models import MILLISECOND, Call, Watch
from calling.tasks import bill_calls, expire_ringing, reap_calls
from calling.tests.reference import Reference, Rules
from calling.tests.switchboard import Crash, Switchboard, crashing
from pairly.core import clock
from pairly.core.clock import to_milliseconds
from pairly.core.db import is_mongodb
from payments.ledger.invariants import violations
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

EDGES = (0, 1, 999, 4_999, 5_000, 14_999, 15_000, 15_001, 19_999, 20_000, 29_999, 30_000)
LONG = (44_999, 45_000, 59_999, 60_000, 60_001, 75_000, 75_001, 120_000, 3_600_000)
PAUSES = st.one_of(
    st.sampled_from(EDGES), st.integers(0, 16_000), st.sampled_from(LONG), st.just(1_000)
)
WHO = st.integers(0, 1)
# On MongoDB a step takes several times as long, and only its transactions are in question.
EXAMPLES = (
    examples(small=12, ci=60, torture=1_000)
    if is_mongodb()
    else examples(small=200, ci=1_000, torture=10_000)
)
BEATS = st.sampled_from([1, 2, 3, 11, 12, 13, 25])
"""A little, about a minute, and beyond the second."""
ACTS = st.one_of(
    st.tuples(st.just("wait"), PAUSES),
    st.tuples(st.just("talk"), BEATS),
    st.tuples(st.just("beat"), WHO),
    st.tuples(st.just("sweep"), st.just(0)),
    st.tuples(st.just("media"), WHO),
    st.tuples(st.just("connect"), st.just(0)),
    st.tuples(st.sampled_from(["invite", "accept", "decline", "cancel", "end", "end_both"]), WHO),
    st.tuples(st.sampled_from(["join", "rejoin"]), WHO),
    st.tuples(st.sampled_from(["spend", "top_up"]), st.integers(1, 20)),
)
STEPS = st.lists(st.tuples(ACTS, st.integers(0, 60)), min_size=3, max_size=18)
RULES = st.builds(
    Rules,
    rate=st.sampled_from([5, 7, 1, 0]),
    increment=st.sampled_from([60_000, 60_000, 30_000, 1_000]),
    share_percent=st.sampled_from([0, 33, 100]),
)


class Timeline:
    """Does everything to the real thing and to the model, and compares after each step."""

    def __init__(
        self, traveller: time_machine.Traveller, rules: Rules, paid: int, bonus: int
    ) -> None:
        self.board = Switchboard(traveller, credits=paid, bonus=bonus)
        self.model = Reference(rules, available=paid + bonus)
        Watch.objects.all().delete()  # of the timeline before
        self.total = paid + bonus
        self.callee_credits = bonus
        self.crash_at: int | None = None
        self.last_call_id = self.board.call_id
        self.numbers = count(1)

    @property
    def now(self) -> int:
        return to_milliseconds(clock.now())

    def play(self, act: str, number: int, crash_at: int) -> None:
        self.crash_at = crash_at if crash_at < 25 else None
        getattr(self, f"do_{act}")(number)
        self.compare()

    def surely(self, act: Any) -> Any:
        """As a client that sends again, or a sweeper that comes again, after a death at some
        write of the first attempt."""
        if self.crash_at is not None:
            try:
                with crashing(self.crash_at):
                    return act()
            except Crash:
                pass
        return act()

    # What may happen

    def do_wait(self, milliseconds: int) -> None:
        self.board.wait(milliseconds=milliseconds)

    def do_talk(self, beats: int) -> None:
        """Both keep talking, with a sweep after every heartbeat."""
        self.crash_at = None
        for _ in range(beats if self.model.status == "active" else 0):
            self.board.wait(5)
            self._beat(0, 1)
            self.do_sweep(0)

    def do_sweep(self, _number: int) -> None:
        model, now = self.model, self.now
        due = self._is_due()
        self.surely(expire_ringing)
        self.surely(bill_calls)
        if due and model.status in ("ringing", "active"):
            model.look(now)
            due = self._is_due()
        self.surely(reap_calls)
        model.watch(now)
        if due:
            model.look(now)

    def do_invite(self, who: int) -> None:
        if who == 1:
            return self.do_call_back()
        self._before_a_command()
        expected = self.model.invite(self.now)
        client_id = f"invite {next(self.numbers)}"
        assert self.surely(lambda: self.board.invite(client_id=client_id)) == expected
        return None

    def do_call_back(self) -> None:
        """By the callee, who has but the bonus: only while it rings is that an answer."""
        self._before_a_command()
        client_id = f"back {next(self.numbers)}"
        code = self.surely(lambda: self.board.invite(who=1, client_id=client_id))
        if self.model.status == "ringing":
            assert code == ""
            self.model.accept(self.now, 0)
        elif self.model.is_live:
            assert code == "busy"
        elif self.model.rules.rate > self.callee_credits:
            assert code == "insufficient_credits"
        elif code == "":  # a call of the other's; it is of no concern here
            assert self.board.ask("cancel", 1) == ""
            self.board.call_id = self.last_call_id

    def do_accept(self, who: int) -> None:
        self._before_a_command()
        model = self.model
        code = self.surely(lambda: self.board.ask("accept", who))
        if who == 1 and model.status == "ringing":
            model.accept(self.now, 0)
            assert code == ""
        elif who == 1 and model.is_live and model.devices[1] == 0:
            assert code == ""
        else:
            assert code in ("conflict", "not_found")

    def do_media(self, who: int) -> None:
        self._before_a_command()
        code = self.surely(lambda: self.board.ask("media", who))
        if self.model.status in ("accepted", "active") and self.model.devices[who] == 0:
            assert code == ""
            self.model.media(self.now, who)
        else:
            assert code in ("conflict", "not_found")

    def do_connect(self, _number: int) -> None:
        """The way most calls go."""
        for act, who in (("invite", 0), ("accept", 1), ("media", 0), ("media", 1)):
            getattr(self, f"do_{act}")(who)
            self.compare()

    def do_beat(self, who: int) -> None:
        self._beat(who)

    def do_join(self, who: int, device: int = 1) -> None:
        self._before_a_command()
        code = self.surely(lambda: self.board.ask("join", who, device))
        allowed = ("ringing", "accepted", "active") if who == 0 else ("accepted", "active")
        if self.model.status in allowed:
            assert code == ""
            self.model.join(self.now, who, device)
        else:
            assert code in ("conflict", "not_found")

    def do_rejoin(self, who: int) -> None:
        self.do_join(who, 0)

    def do_decline(self, who: int) -> None:
        self._end("decline", who, self.model_status() == "ringing" and who == 1, "declined")

    def do_cancel(self, who: int) -> None:
        self._end("cancel", who, self.model_status() == "ringing" and who == 0, "cancelled")

    def do_end(self, who: int) -> None:
        self._end("end", who, self.model_status() in ("accepted", "active"), "completed")

    def do_end_both(self, first: int) -> None:
        self._before_a_command()
        order = [first, 1 - first]
        codes = self.surely(lambda: self.board.ask_together("end", order))
        if self.model.status in ("accepted", "active"):
            assert codes == ["", "conflict"]
            self.model.end(self.now, "completed")
        else:
            self._assert_over(codes[0], "completed")
            self._assert_over(codes[1], "completed")

    def do_spend(self, credits: int) -> None:
        if self.board.spend(credits):
            self.model.available -= credits
            self.total -= credits
        else:
            assert self.model.available < credits

    def do_top_up(self, credits: int) -> None:
        self.board.top_up(credits)
        self.model.available += credits
        self.total += credits

    # What must be so

    def compare(self) -> None:
        model, wallet = self.model, self.board.wallet
        held = model.paid * model.rules.rate - (model.charged if model.is_live else 0)
        row = Call.objects.filter(pk=self.board.call_id).first()
        if row is not None:
            self.last_call_id = row.pk
            if self._is_settled(row):
                assert (row.status, row.end_reason) == (model.status, model.reason)
                assert (row.credits, row.billed_seconds) == (model.charged, model.seconds)
                assert wallet.held == held
                assert self.board.earned == self._shared()
            if row.is_live:
                assert row.due_at is not None
        assert wallet.available == model.available
        charged = row.credits if row is not None and row.is_live else 0
        assert wallet.balance == self.total - model.spent - charged

    def _shared(self) -> int:
        model = self.model
        running = model.charged * model.rules.share_percent // 100 if model.is_live else 0
        return model.shared + running

    def _is_settled(self, row: Call) -> bool:
        """Not while a heartbeat has begun a minute that the sweeper has yet to charge."""
        return row.status != "active" or row.credits == self.model.charged

    def _is_due(self) -> bool:
        """By the row; and then it must not look later than it has to."""
        row = Call.objects.filter(pk=self.board.call_id).first()
        if row is None or row.due_at is None:
            return False
        due = bool(row.due_at <= clock.now())
        if row.status == "active" and not due:
            grace = timedelta(milliseconds=self.model.rules.grace)
            soon = clock.now() + timedelta(seconds=1)
            assert row.due_at <= max(row.seen_at + grace + MILLISECOND, soon)
        return due

    def _before_a_command(self) -> None:
        model, now = self.model, self.now
        if model.status != "active" or self._is_due() or model.is_silent(now):
            model.look(now)

    def model_status(self) -> str:
        self._before_a_command()
        return self.model.status

    def _beat(self, *whose: int) -> None:
        model, now = self.model, self.now
        if model.status == "active" and model.is_silent(now):
            model.look(now)
        codes = self.surely(lambda: self.board.beat(*whose))
        for who, code in zip(whose, codes, strict=True):
            allowed = ("ringing", "accepted", "active") if who == 0 else ("accepted", "active")
            if model.status in allowed and model.devices[who] == 0:
                assert code == ""
                model.sign(now, who)
            else:
                assert code in ("conflict", "not_found")

    def _end(self, command: str, who: int, allowed: bool, reason: str) -> None:
        code = self.surely(lambda: self.board.ask(command, who))
        if allowed:
            assert code == ""
            self.model.end(self.now, reason)
        else:
            self._assert_over(code, reason)

    def _assert_over(self, code: str, reason: str) -> None:
        """Refused, unless it only was sent again by who ended it so."""
        assert code in ("conflict", "not_found") or self.model.reason == reason


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(RULES, st.integers(0, 40), st.integers(0, 12), STEPS)
def one_timeline(rules: Rules, paid: int, bonus: int, steps: list[Any]) -> None:
    play(rules, paid, bonus, steps)


def play(rules: Rules, paid: int, bonus: int, steps: list[Any]) -> None:
    chosen: dict[str, Any] = {
        "PRICE_CALL_AUDIO_CREDITS_PER_MINUTE": rules.rate,
        "BILLING_INCREMENT_SECONDS": rules.increment // 1000,
        "CALL_CALLEE_SHARE_PERCENT": rules.share_percent,
    }
    assert current is not None
    with override_settings(**chosen):
        line = Timeline(current, rules, paid, bonus)
        line.play("connect", 0, 99)
        for (act, number), crash_at in steps:
            line.play(act, number, crash_at)
        # However it went, nobody stays in it.
        for _ in range(3):
            line.play("wait", 61_000, 99)
            line.play("sweep", 0, 99)
        assert not line.model.is_live


current: time_machine.Traveller | None = None
"""The clock of the running test, since hypothesis passes no fixtures."""


def test_random_timelines(traveller: time_machine.Traveller) -> None:
    global current
    current = traveller
    one_timeline()
    assert violations() == []
    assert [sentence for invariant in INVARIANTS for sentence in invariant()] == []
