"""A storm of events, failures, wishes, nights, receipts, rivals and deaths between any two writes:
each delivery ends once, told once, at its time."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.dispatch import ATTEMPTS_MAX
from notifications.kinds import kind_named
from notifications.models import Delivery, Notification
from notifications.receipts import STATES
from notifications.tests.storm import World
from pairly.core import clock
from tests.sizes import examples

pytestmark = pytest.mark.mongodb

IS_MONGODB = os.environ.get("PAIRLY_TEST_DATABASE") == "mongodb"
"""There each step costs several times as much."""
STARTS = [
    datetime(2026, 3, 28, 20, tzinfo=UTC),  # Berlin's clock goes forward in this night
    datetime(2026, 10, 24, 20, tzinfo=UTC),  # and back in this one
    datetime(2026, 3, 7, 23, tzinfo=UTC),  # New York's goes forward
]
ZONES = ["Europe/Berlin", "Asia/Kolkata", "America/New_York"]
QUIET = [None, ("22:00", "08:00"), ("23:30", "02:30"), ("02:30", "14:00")]
TOLD = [
    *["message.received"] * 4,
    *["call.missed"] * 3,
    *("call.incoming", "credits.low", "payment.refunded", "security.password_changed"),
    *("announcement.service", "announcement.offer"),
]
RECEIPTS = ["delivered", "bounced", "opened"]
FINAL = {"sent", "delivered", "opened", "skipped", "dead"}

State, Reason = Delivery.State, Delivery.Reason

TELL = st.tuples(st.just("tell"), st.sampled_from(TOLD), st.integers(0, 2))
TELL_ELSE = st.tuples(st.just("tell"), st.sampled_from(TOLD), st.just(9))
READ, DIE, RIVAL = (st.just((name,)) for name in ("read", "die", "rival"))
HEAR = st.tuples(
    st.just("hear"),
    st.lists(st.sampled_from(RECEIPTS), min_size=1, max_size=3),
    st.integers(0, 3),
)
WEATHER = ["fails", "refuses", "is garbage", "is silent", "is slow", "is prompt"]
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 7, 40, 600, 4000, 30000])),
    st.tuples(st.just("wait"), st.sampled_from([6, 40, 4000])),
    st.tuples(st.just("be_bad"), st.sampled_from(WEATHER)),
    st.tuples(
        st.just("at_a_point"),
        st.integers(0, 8),
        st.one_of(DIE, DIE, RIVAL, READ, TELL_ELSE, HEAR),
    ),
    st.tuples(
        st.just("choose"),
        st.sampled_from(["messages", "messages", "calls", "credits", "news"]),
        st.sampled_from(["in_app", "push", "push"]),
        st.booleans(),
    ),
    st.tuples(st.just("consent"), st.booleans()),
    st.tuples(st.just("look"), st.booleans()),
    st.tuples(st.just("be_quiet"), st.sampled_from(QUIET)),
    READ,
    HEAR,
)
ROUNDS = st.tuples(st.lists(TELL, max_size=4), STEPS)
"""Some news, and something else that happens."""


@settings(
    max_examples=examples(small=4, ci=30, torture=600) * (1 if IS_MONGODB else 4),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(ROUNDS, min_size=8, max_size=25),
    st.sampled_from(STARTS),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_storm(rounds: list[Any], start: datetime, zone: str, crowded: bool) -> None:
    with (
        time_machine.travel(start, tick=False) as travelled,
        World(travelled, zone, crowded) as world,
    ):
        for news, step in rounds:
            for what in (*news, step):
                world.do(*what)
            world.work()
        world.plan, world.weather, world.active = None, "fair", False
        _let_all_end(world)
        _check(world)


def _let_all_end(world: World) -> None:
    open_ones = Delivery.objects.filter(user_id=world.user_id).exclude(due_at=None)
    for _ in range(300):
        row = open_ones.order_by("due_at").first()
        if row is None:
            return
        assert row.due_at is not None
        world.travelled.move_to(max(row.due_at, clock.now()), tick=False)
        world.work()
    raise AssertionError(f"still open: {list(open_ones.values())}")


def _check(world: World) -> None:
    rows = list(Delivery.objects.filter(user_id=world.user_id).select_related("notification"))
    wanted = [
        (notification.pk, channel)
        for notification in Notification.objects.filter(user_id=world.user_id)
        for channel in kind_named(notification.kind).channels
    ]
    assert Notification.objects.filter(user_id=world.user_id).count() == world.told
    assert sorted((row.notification_id, row.channel) for row in rows) == sorted(wanted)
    taken = {one.delivery_id for one in world.taken}
    for row in rows:
        assert row.state in FINAL and row.claim is None and row.digest is None
        assert row.attempts <= ATTEMPTS_MAX + 1
        assert (row.state == State.SKIPPED) == bool(row.reason)
        if row.state == State.SKIPPED:
            assert _has_a_reason(world, row), (row.kind, row.channel, row.reason)
        elif row.state == State.DEAD and row.receipt != "bounced":
            assert row.detail == "no such token" or row.attempts >= ATTEMPTS_MAX
        elif row.channel != "in_app":
            assert row.pk in taken
        assert row.receipt == world.heard.get(row.pk, "")
        if row.receipt and row.state != State.SKIPPED:
            assert row.state == STATES[Delivery.Receipt(row.receipt)]


def _has_a_reason(world: World, row: Delivery) -> bool:
    told, kind = row.notification, kind_named(row.kind)
    refused = f"refused {kind.category}:{row.channel}" in world.ever
    is_over = not told.open or told.expires_at <= clock.now()
    match row.reason:
        case Reason.REFUSED:
            return refused or row.kind == "announcement.offer"
        case Reason.ACTIVE:
            return "active" in world.ever
        case Reason.READ:
            return told.read_at is not None or row.is_digest
        case Reason.COLLAPSED:
            return not told.open and told.read_at is None
        case Reason.EXPIRED | Reason.NO_ADDRESS:
            return told.expires_at <= clock.now() or row.attempts > 0
        case Reason.DIGESTED:
            return told.pk in world.told_by[row.channel] or is_over or refused or _died(world, row)
    return False


def _died(world: World, row: Delivery) -> bool:
    """The digest that it joined became a dead letter, or an active device showed it."""
    digests = Delivery.objects.filter(
        user_id=world.user_id,
        channel=row.channel,
        is_digest=True,
        created_at__lte=row.created_at,
    )
    ends = {(one.state, one.reason) for one in digests}
    return bool(ends & {(State.DEAD.value, ""), (State.SKIPPED.value, Reason.ACTIVE.value)})
