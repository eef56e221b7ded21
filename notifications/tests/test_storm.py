"""A storm of events, failures, wishes, nights and crashes: each delivery ends once, told once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.tests.people import make_people
from notifications import channels
from notifications.channels import Channel, Outcome, Outgoing, Result
from notifications.dispatch import ATTEMPTS_MAX, dispatch
from notifications.kinds import KINDS, Lane, kind_named
from notifications.models import Delivery, Notification
from notifications.preferences.selectors import preferences_of
from notifications.preferences.services import change_preferences
from notifications.quiet import quiet_until
from notifications.services.reading import Read, read_notifications
from notifications.services.telling import Wish, notify
from pairly.core import clock
from pairly.core.db import run_atomic
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
"""The clock of Berlin goes forward two nights later."""
ZONE = "Europe/Berlin"
TOLD = ("message.received", "call.missed", "call.incoming", "credits.low", "payment.refunded")
LANES = (Lane.RING, Lane.PUSH, Lane.EMAIL)
FINAL = {"sent", "opened", "skipped", "dead"}

State = Delivery.State


class Killed(BaseException):
    """The process ends here."""


class Sky:
    """A sender of both channels, that knows a delivery again by its id as real ones do."""

    def __init__(self) -> None:
        self.taken: dict[UUID, Outgoing] = {}
        self.weather = "fair"

    def on(self, channel: Channel) -> Any:
        return _Sender(channel, self)

    def answer(self, outgoing: Outgoing) -> Result:
        weather, self.weather = self.weather, "fair"
        if weather == "dies before":
            raise Killed
        if weather == "fails":
            return Result(Outcome.TRANSIENT, "busy")
        if weather == "is garbage":
            raise ValueError("<html>")
        if weather == "refuses":
            return Result(Outcome.PERMANENT, "no such token")
        self.see(outgoing)
        if weather == "dies after":
            raise Killed
        return Result(Outcome.SENT, "taken")

    def see(self, outgoing: Outgoing) -> None:
        if outgoing.delivery_id in self.taken:
            return
        self.taken[outgoing.delivery_id] = outgoing
        now, kind = clock.now(), KINDS.get(outgoing.kind)
        assert kind is None or outgoing.expires_at is None or outgoing.expires_at > now
        if kind is None or kind.notification_class.may_wait:
            wishes = preferences_of([outgoing.user_id])[outgoing.user_id]
            assert quiet_until(now, ZONE, wishes.quiet_start, wishes.quiet_end) is None


class _Sender:
    def __init__(self, channel: Channel, sky: Sky) -> None:
        self.channel, self._sky = channel, sky

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        return [self._sky.answer(one) for one in outgoing]


STEPS = st.one_of(
    st.tuples(st.just("tell"), st.sampled_from(TOLD), st.integers(0, 2)),
    st.tuples(st.just("tell"), st.sampled_from(TOLD), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.sampled_from([1, 7, 40, 600, 4000, 30000])),
    st.tuples(
        st.just("weather"),
        st.sampled_from(["fails", "refuses", "is garbage", "dies before", "dies after"]),
    ),
    st.tuples(
        st.just("wish"),
        st.sampled_from(["messages", "calls", "credits"]),
        st.sampled_from(["in_app", "push"]),
        st.booleans(),
    ),
    st.tuples(st.just("quiet"), st.sampled_from([None, ("22:00", "08:00"), ("02:30", "14:00")])),
    st.tuples(st.just("read")),
)


@settings(
    max_examples=examples(small=5, ci=40, torture=1500),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(STEPS, min_size=5, max_size=25))
def test_storm(steps: list[tuple[Any, ...]]) -> None:
    sky = Sky()
    before = dict(channels._senders)
    for channel in ("push", "email"):
        channels.register(sky.on(channel))
    try:
        with time_machine.travel(NOON, tick=False) as travelled:
            _play(steps, sky, travelled)
    finally:
        channels._senders.clear()
        channels._senders.update(before)


def _play(steps: list[tuple[Any, ...]], sky: Sky, travelled: time_machine.Traveller) -> None:
    from pairly.accounts.models import User

    (user_id,) = make_people(1, credits=0)
    User.objects.filter(pk=user_id).update(time_zone=ZONE)
    told = 0
    for name, *values in steps:
        if name == "tell":
            told += _tell(user_id, *values)
        elif name == "wait":
            travelled.shift(timedelta(seconds=values[0]))
        elif name == "weather":
            sky.weather = values[0]
        elif name == "wish":
            category, channel, wanted = values
            change_preferences(user_id=user_id, categories={category: {channel: wanted}})
        elif name == "quiet":
            change_preferences(user_id=user_id, quiet_hours=values[0], quiet_given=True)
        else:
            run_atomic(lambda: read_notifications([Read(user_id, None)]))
        _work()
    sky.weather = "fair"
    _let_all_end(user_id, travelled)
    _check(user_id, told, sky)


def _tell(user_id: UUID, kind: str, alike: int) -> int:
    """Twice, as an event may come twice."""
    key = str(uuid4())
    ends = clock.now() + timedelta(seconds=30) if kind == "call.incoming" else None
    wish = Wish(
        user_id=user_id,
        kind=kind,
        dedupe_key=key,
        context={"sender": "Ava", "caller": "Ava", "available": 1, "amount": "₹1.00"},
        collapse_key=f"{kind}:{alike}" if alike else "",
        expires_at=ends,
    )
    assert (notify([wish]), notify([wish])) == (1, 0)
    return 1


def _work() -> None:
    for lane in LANES:
        try:
            dispatch(lane)
        except Killed:
            continue


def _let_all_end(user_id: UUID, travelled: time_machine.Traveller) -> None:
    open_ones = Delivery.objects.filter(user_id=user_id).exclude(due_at=None)
    for _ in range(200):
        row = open_ones.order_by("due_at").first()
        if row is None:
            return
        assert row.due_at is not None
        travelled.move_to(max(row.due_at, clock.now()), tick=False)
        _work()
    raise AssertionError(f"still open: {list(open_ones.values())}")


def _check(user_id: UUID, told: int, sky: Sky) -> None:
    rows = list(Delivery.objects.filter(user_id=user_id))
    wanted = [
        (notification.pk, channel)
        for notification in Notification.objects.filter(user_id=user_id)
        for channel in kind_named(notification.kind).channels
    ]
    assert Notification.objects.filter(user_id=user_id).count() == told
    assert sorted((row.notification_id, row.channel) for row in rows) == sorted(wanted)
    for row in rows:
        assert row.state in FINAL and row.claim is None and row.digest is None
        assert (row.state == State.SKIPPED) == bool(row.reason)
        assert row.attempts <= ATTEMPTS_MAX
        if row.channel != "in_app" and row.state == State.SENT:
            assert row.pk in sky.taken
    lost = set(sky.taken) - {row.pk for row in rows if row.state in (State.SENT, State.DEAD)}
    # Who died right after sending may find on return that it was read, or refused, meanwhile.
    assert all(row.attempts > 1 for row in rows if row.pk in lost)
