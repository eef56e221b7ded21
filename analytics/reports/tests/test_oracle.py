"""Reports against the same definitions in plain Python over random events, to the last digit.

Times fall on quarters of an hour, or a millisecond before one, so that borders of days and
instants coincide; the range holds the change of clocks in spring.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from analytics.reports.activity import active_users
from analytics.reports.cohorts import Retention, cohorts
from analytics.reports.features import acquisition, features
from analytics.reports.funnels import Funnel, Step, funnel
from analytics.reports.kinds import KINDS
from analytics.reports.quality import calling, messaging
from analytics.reports.revenue import lifetime, revenue
from analytics.reports.spans import INTERVALS, Span
from analytics.reports.tests.frames import Happened, Registered, frames, person
from analytics.reports.tests.oracle import Oracle
from analytics.reports.tests.oracle_money import MoneyOracle
from tests.sizes import examples

BEGIN = datetime(2026, 3, 10, tzinfo=UTC)
NOW = datetime(2026, 4, 20, 13, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 14), date(2026, 4, 20)
DAYS = 41
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Santiago")
EVENTS = examples(small=1_500, ci=100_000, torture=400_000)
RETENTIONS = (
    Retention(),
    Retention(by="country"),
    Retention(start="a", returning="b"),
    Retention(cohort="day", kind="unbounded"),
    Retention(cohort="month", kind="bracket", brackets=((1, 1), (2, 3), (4, 7))),
    Retention(cohort="day", rolling=True),
    Retention(period="week", rolling=True, kind="unbounded"),
    Retention(cohort="week", period="month", periods=2),
    Retention(cohort="month", period="week", by="platform", start="c"),
)
FUNNELS = (
    {"steps": "abc"},
    {"steps": "aab", "exclusions": "x"},
    {"steps": "abca", "by": "country"},
    {"steps": "ab", "by": "screen"},
    {"steps": ("a:screen=home", "b", "a:screen=chat"), "exclusions": ("x:screen=chat",)},
    {"steps": "ab", "by": "platform", "exclusions": "cx"},
    {"steps": "abcdabcd"},
)
WINDOWS = (timedelta(hours=5), timedelta(days=3))


def random_world(seed: int, count: int) -> tuple[list[Happened], list[Registered]]:
    random = Random(seed)
    size = max(5, count // 30)
    people = [
        Registered(
            user_id=person(number + 1),
            at=random_moment(random),
            country=random.choice(["DE", "IN", ""]),
            platform=random.choice(["", "ios", "web"]),
        )
        for number in range(size)
    ]
    events = [
        Happened(
            # Some do much and most do little.
            user_id=person(1 + int(size * random.random() ** 2)),
            name=random.choice("abcdx"),
            at=random_moment(random),
            event_id=UUID(int=random.getrandbits(128)),
            props={"screen": random.choice(["home", "chat"])} if random.random() < 0.7 else {},
            activity=random.random() < 0.6,
        )
        for _ in range(count)
    ]
    return events, people


def random_moment(random: Random) -> datetime:
    quarter = BEGIN + timedelta(minutes=15 * random.randrange(DAYS * 96))
    return quarter - timedelta(milliseconds=random.choice([0, 0, 1]))


def funnel_of(asked: dict[str, Any], window: timedelta) -> Funnel:
    steps, exclusions = (
        tuple(step_of(text) for text in asked.get(key, "")) for key in ("steps", "exclusions")
    )
    return Funnel(steps=steps, exclusions=exclusions, window=window, by=asked.get("by", ""))


def step_of(text: str) -> Step:
    name, _, rest = text.partition(":")
    property, _, value = rest.partition("=")
    return Step(name=name, property=property, value=value)


@pytest.mark.parametrize("zone", ZONES)
def test_reports_are_what_plain_python_says(zone: str) -> None:
    events, people = random_world(ZONES.index(zone), EVENTS if zone == "UTC" else EVENTS // 3)
    oracle = Oracle(events, people, zone=zone, now=NOW)
    span = Span(FIRST, LAST, ZoneInfo(zone), NOW)
    with frames(events, people) as connection:
        assert active_users(connection, span) == oracle.active_users(FIRST, LAST)
        for interval in INTERVALS:
            options = {"interval": interval}
            grown = KINDS["growth"].rows(connection, span, options)
            assert grown == oracle.growth(FIRST, LAST, interval)
            lost = KINDS["churn"].rows(connection, span, options)
            assert lost == oracle.churn(FIRST, LAST, interval)
        for asked in RETENTIONS:
            wanted = {"asked": asked}
            told = KINDS["cohorts"].rows(connection, span, wanted)
            assert told == oracle.cohorts(FIRST, LAST, asked)
            together = KINDS["retention"].rows(connection, span, wanted)
            assert together == oracle.retention(FIRST, LAST, asked)
        for steps in FUNNELS:
            for window in WINDOWS:
                one = funnel_of(steps, window)
                assert funnel(connection, span, one) == oracle.funnel(FIRST, LAST, one)


def random_trade(seed: int, count: int) -> tuple[list[Happened], list[Registered]]:
    """The same, with events of the registry and their properties."""
    events, people = random_world(seed, count)
    random = Random(seed)
    told: list[Happened] = []
    for event in events:
        name = random.choice(list(PROPS))
        props = {key: random.choice(values) for key, values in PROPS[name].items()}
        told.append(replace(event, name=name, props=props))
    return told, people


PROPS: dict[str, dict[str, list[Any]]] = {
    "screen_viewed": {"screen": ["home", "chat"]},
    "message.sent": {"kind": ["text", "image"]},
    "conversation.opened": {},
    "purchase.completed": {"amount_minor": [99, 5000, 12_000], "currency": ["INR", "USD"]},
    "refund.posted": {"amount_minor": [99, 5000], "currency": ["INR", "USD"]},
    "call.ended": {"seconds": [0, 7, 61, 600], "reason": ["completed", "missed", "dropped"]},
    "call.quality": {"grade": ["good", "fair", "poor"]},
}


@pytest.mark.parametrize("zone", ZONES[:2])
def test_what_people_use_buy_and_say_is_what_plain_python_says(zone: str) -> None:
    events, people = random_trade(20 + ZONES.index(zone), EVENTS // 5)
    oracle = MoneyOracle(events, people, zone=zone, now=NOW)
    span = Span(FIRST, LAST, ZoneInfo(zone), NOW)
    with frames(events, people) as connection:
        for of in ({}, {"event": "call.ended"}, {"event": "message.sent", "property": "kind"}):
            assert features(connection, span, **of) == oracle.features(FIRST, LAST, **of)
        for interval in INTERVALS:
            asked = {"interval": interval}
            for by in ("", "country", "platform"):
                came = acquisition(connection, span, **asked, by=by)
                assert came == oracle.acquisition(FIRST, LAST, interval, by)
            paid = lifetime(connection, span, cohort=interval, periods=5)
            assert paid == oracle.lifetime(FIRST, LAST, interval, 5)
            assert messaging(connection, span, **asked) == oracle.messaging(FIRST, LAST, interval)
            assert calling(connection, span, **asked) == oracle.calling(FIRST, LAST, interval)
            assert revenue(connection, span, **asked) == oracle.revenue(FIRST, LAST, interval)


def test_the_order_of_arrival_does_not_matter() -> None:
    events, people = random_world(9, 600)
    shuffled = Random(1).sample(events, len(events))
    span = Span(FIRST, LAST, ZoneInfo("UTC"), NOW)
    one = funnel_of({"steps": "abc", "exclusions": "x"}, timedelta(days=2))
    found = []
    for arrived in (events, shuffled):
        with frames(arrived, people) as connection:
            found.append((funnel(connection, span, one), cohorts(connection, span, Retention())))
    assert found[0] == found[1]
