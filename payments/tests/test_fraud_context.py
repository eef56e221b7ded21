"""What is known of an attempt to buy, told through the doors with a clock that is moved by hand."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from rest_framework.test import APIClient

from calling.models import Call
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.ids import new_id
from pairly.outbox.dispatch import dispatch_all
from payments.fraud.country import open_geoip
from payments.gateways.base import GatewayRefused
from payments.intents.following import poll_intents
from payments.models import FraudCheck, Intent, Refund
from payments.services import Holds, grant_credits
from payments.simulator.services import deliver_settled
from payments.tests.buyers import PASSWORD, Buyer, deliver, stripe_event
from payments.tests.desk import Desk

pytestmark = pytest.mark.mongodb

MILLISECOND = timedelta(milliseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PUBLIC, OTHER_PUBLIC = "81.2.69.160", "2a02:6b8::2:242"


@pytest.fixture
def time(settings: Any) -> Iterator[Any]:
    """Stands still until it is shifted. Sign-ins outlast every test."""
    settings.DEVICE_LIFETIME_DAYS = 1000
    with time_machine.travel(clock.now(), tick=False) as frozen:
        yield frozen


def newest(buyer: Buyer) -> FraudCheck:
    found: FraudCheck = FraudCheck.objects.filter(user_id=buyer.id).order_by("-number")[0]
    return found


def attempt(buyer: Buyer, **body: Any) -> dict[str, int]:
    """What counted in the score of one more attempt, by rule."""
    assert buyer.begin(**body).status_code in (201, 403)
    check = newest(buyer)
    assert not check.error, check.error
    counted = {hit["rule"]: hit["points"] for hit in check.hits if hit["counted"]}
    assert check.points == sum(counted.values())
    return counted


def settle(buyer: Buyer, **body: Any) -> dict[str, Any]:
    intent = buyer.intent(**body)
    assert buyer.play(intent, "succeed").status_code == 200
    return intent


def test_attempts_within_an_hour_of_the_clock(time: Any) -> None:
    buyer = Buyer()
    for _ in range(3):
        assert "attempts_in_an_hour" not in attempt(buyer)
    time.shift(HOUR - MILLISECOND)
    assert attempt(buyer)["attempts_in_an_hour"] == 15
    time.shift(MILLISECOND)
    assert "attempts_in_an_hour" not in attempt(buyer)
    assert newest(buyer).inputs["attempt_ages_ms"] == [1, *[3_600_000] * 3]
    for _ in range(3):
        attempt(buyer)
    assert attempt(buyer)["many_attempts_in_an_hour"] == 30
    time.shift(DAY)
    attempt(buyer)
    assert newest(buyer).inputs["attempt_ages_ms"] == []


def test_a_blocked_attempt_is_an_attempt_too(settings: Any) -> None:
    settings.FRAUD_REVIEW_POINTS, settings.FRAUD_BLOCK_POINTS = 5, 10
    buyer = Buyer()
    for _ in range(3):
        attempt(buyer)
    assert attempt(buyer)["attempts_in_an_hour"] == 15
    assert not Intent.objects.exists()


def test_the_age_of_the_account_and_a_large_amount_on_a_new_one(time: Any) -> None:
    buyer = Buyer()
    time.shift(DAY - MILLISECOND)
    assert attempt(buyer, package="large") == {"account_under_a_day": 10}
    expected = {"account_under_a_day": 10, "large_amount_on_new_account": 20}
    assert attempt(buyer, package="xlarge") == expected
    assert attempt(buyer, package="xlarge", currency="USD") == expected
    assert newest(buyer).inputs["amount_minor"] == 35000
    time.shift(MILLISECOND)
    assert attempt(buyer, package="small") == {
        "account_under_a_week": 5,
        "attempts_in_an_hour": 15,
    }
    time.shift(6 * DAY - MILLISECOND)
    assert attempt(buyer, package="xlarge") == {"account_under_a_week": 5}
    time.shift(MILLISECOND)
    assert attempt(buyer) == {}


def test_declined_payments_count_for_a_day_however_they_are_told(time: Any) -> None:
    buyer = Buyer()
    one, other = buyer.intent(), buyer.intent()
    for _ in range(2):
        buyer.play(one, "decline")
    buyer.play(other, "decline")
    poll_intents(clock.now() + timedelta(minutes=1))  # The poll hears the same once more.
    deliver(stripe_event(other, "payment_failed", amount=1))  # Set aside: it is not ours.
    time.shift(DAY - MILLISECOND)
    assert "failures_in_a_day" not in attempt(buyer)
    late = buyer.intent()
    buyer.play(late, "decline")
    assert attempt(buyer)["failures_in_a_day"] == 20
    assert newest(buyer).inputs["failure_ages_ms"] == [0, *[86_399_999] * 3]
    time.shift(MILLISECOND)
    assert "failures_in_a_day" not in attempt(buyer)


def refuse(*_values: Any) -> None:
    raise GatewayRefused("amount_too_small")


def test_what_is_no_decline_of_a_payment_is_not_counted(monkeypatch: Any) -> None:
    buyer, desk = Buyer(), Desk()
    paid = settle(buyer)
    buyer.play(paid, "refund_fails")
    desk.refunded(paid)
    deliver_settled(clock.now())
    dispatch_all()
    assert Refund.objects.get().state == "failed"
    with monkeypatch.context() as refusing:
        refusing.setattr("payments.gateways.mock_stripe.MockStripe.create", refuse)
        assert buyer.begin().json()["code"] == "provider_refused"
    attempt(buyer)
    assert newest(buyer).inputs["failure_ages_ms"] == []


def test_a_decline_that_only_the_poll_heard_of_counts_once(time: Any, monkeypatch: Any) -> None:
    buyer = Buyer()
    intent = buyer.intent()
    with monkeypatch.context() as lost:
        lost.setattr("payments.simulator.services.receive", lambda **_event: None)
        buyer.play(intent, "decline")
    for _ in range(2):
        time.shift(timedelta(minutes=1))
        poll_intents(clock.now())
    assert buyer.look(intent)["status"] == "failed"
    attempt(buyer)
    assert newest(buyer).inputs["failure_ages_ms"] == [60_000]


def test_three_accounts_on_one_address(time: Any) -> None:
    first, second = Buyer(PUBLIC), Buyer(PUBLIC)
    assert "shared_address" not in attempt(second)
    time.shift(30 * DAY - MILLISECOND)
    third = Buyer(PUBLIC)
    assert attempt(third)["shared_address"] == 25
    others = {one["user_id"] for one in newest(third).inputs["sharing"]}
    assert others == {first.id, second.id}
    time.shift(MILLISECOND)
    assert "shared_address" not in attempt(third)
    elsewhere = Buyer(OTHER_PUBLIC)
    assert newest_sharing(elsewhere) == set()


def newest_sharing(buyer: Buyer) -> set[str]:
    attempt(buyer)
    return {one["user_id"] for one in newest(buyer).inputs["sharing"]}


def test_who_signed_in_there_once_and_buys_from_elsewhere_shares_it_still() -> None:
    first, second, third = Buyer(PUBLIC), Buyer(PUBLIC), Buyer(OTHER_PUBLIC)
    assert newest_sharing(third) == set()
    sign_in = {"email": third.email, "password": PASSWORD}
    assert APIClient(REMOTE_ADDR=PUBLIC).post("/api/v1/auth/login", sign_in).status_code == 200
    assert newest_sharing(third) == {first.id, second.id}


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.7", "::1", "fe80::1"])
def test_addresses_that_many_networks_have_tell_nothing(address: str) -> None:
    for _ in range(3):
        buyer = Buyer(address)
    assert newest_sharing(buyer) == set()


def test_many_sign_ins_of_ones_own_hide_nobody(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("payments.fraud.context.SIGN_INS_MAX", 3)
    others = {Buyer(PUBLIC).id for _ in range(2)}
    buyer = Buyer(PUBLIC)
    for _ in range(4):
        body = {"email": buyer.email, "password": PASSWORD}
        APIClient(REMOTE_ADDR=PUBLIC).post("/api/v1/auth/login", body)
    assert newest_sharing(buyer) == others


def test_the_country_of_a_trusted_proxy_against_the_profile(settings: Any) -> None:
    settings.COUNTRY_HEADER = "CF-IPCountry"
    buyer = Buyer(PUBLIC, country="IN")

    def seen_in(country: str) -> dict[str, int]:
        client = buyer.client()
        client.credentials(HTTP_CF_IPCOUNTRY=country, HTTP_X_FORWARDED_FOR=PUBLIC)
        buyer.begin(client=client)
        return {hit["rule"]: hit["points"] for hit in newest(buyer).hits if hit["counted"]}

    assert "country_mismatch" not in seen_in("DE")  # Anybody could have written the header.
    settings.TRUSTED_PROXY_COUNT = 1
    assert seen_in("DE")["country_mismatch"] == 15
    for unknown in ("IN", "", "XX", "T1", "de"):
        assert "country_mismatch" not in seen_in(unknown)
    nowhere = Buyer(PUBLIC)
    client = nowhere.client()
    client.credentials(HTTP_CF_IPCOUNTRY="DE")
    nowhere.begin(client=client)
    assert (newest(nowhere).inputs["country"], newest(nowhere).inputs["profile_country"]) == (
        "DE",
        "",
    )
    assert "country_mismatch" not in {hit["rule"] for hit in newest(nowhere).hits}


def test_the_country_of_a_geoip_file(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "countries.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Country")
    writer.insert_network(IPSet(["81.2.69.0/24"]), {"country": {"iso_code": "GB"}})
    writer.insert_network(IPSet(["1.1.1.0/24"]), {"registered_country": {"iso_code": "AU"}})
    writer.to_db_file(str(file))
    settings.GEOIP_FILE = str(file)
    abroad, at_home = Buyer(PUBLIC, country="IN"), Buyer(PUBLIC, country="GB")
    assert attempt(abroad)["country_mismatch"] == 15
    assert "country_mismatch" not in attempt(at_home)
    for unknown in ("1.1.1.1", OTHER_PUBLIC, "127.0.0.1"):
        assert "country_mismatch" not in attempt(Buyer(unknown, country="IN"))
    open_geoip.cache_clear()


@pytest.mark.parametrize(
    ("domain", "counts"),
    [("mailinator.com", True), ("eu.mailinator.com", True), ("example.org", False), ("com", False)],
)
def test_mail_of_a_throw_away_provider(domain: str, counts: bool) -> None:
    email = f"{uuid4().hex}@{domain}"
    if domain == "com":
        email += ".example"
    assert ("disposable_mail" in attempt(Buyer(email=email))) is counts


def give(buyer: Buyer, credits: int) -> None:
    grant_credits(
        owner_id=UUID(buyer.id),
        credits=credits,
        operation=f"grant:{uuid4()}",
        kind="grant",
        now=clock.now(),
    )


def test_a_hoard_of_unused_credits() -> None:
    buyer = Buyer()
    give(buyer, 1000 - buyer.available)
    assert "hoard" not in attempt(buyer)
    give(buyer, 1)
    assert attempt(buyer)["hoard"] == 20


def write(sender: Buyer, recipient_id: str, times: int) -> None:
    for _ in range(times):
        opened = sender.api.post("/api/v1/conversations", {"user_id": recipient_id}).json()
        body = {"client_id": str(uuid4()), "kind": "text", "text": "Hello"}
        address = f"/api/v1/conversations/{opened['id']}/messages"
        assert sender.api.post(address, body).status_code == 201


def test_paid_credits_that_go_to_one_fresh_person(time: Any, settings: Any) -> None:
    settings.PRICE_MESSAGE_TEXT_CREDITS = 20
    buyer, old = Buyer(), Buyer()
    time.shift(DAY)
    fresh = Buyer()
    settle(buyer, package="large")
    write(buyer, fresh.id, 1)  # The welcome bonus goes first and is no money.
    write(buyer, fresh.id, 4)
    assert "self_dealing" not in attempt(buyer)  # 80 credits are no pattern yet.
    write(buyer, fresh.id, 1)
    assert attempt(buyer)["self_dealing"] == 60
    seen = newest(buyer).inputs
    assert (seen["spent_credits"], seen["favourite"]["user_id"]) == (100, fresh.id)
    time.shift(DAY - MILLISECOND)
    assert "self_dealing" in attempt(buyer)
    time.shift(MILLISECOND)
    assert "self_dealing" not in attempt(buyer)  # By now that account is a day old.
    time.shift(5 * DAY)
    write(buyer, old.id, 5)
    time.shift(DAY)
    attempt(buyer)
    seen = newest(buyer).inputs
    assert (seen["spent_credits"], seen["favourite"]["user_id"]) == (100, old.id)


def test_calls_tell_to_whom_credits_went() -> None:
    buyer, fresh = Buyer(), Buyer()
    settle(buyer, package="large")
    now = clock.now()
    call_id = new_id()
    Call.objects.create(
        id=call_id,
        caller_id=buyer.id,
        callee_id=fresh.id,
        client_key=call_id.hex,
        media="video",
        status="ended",
        credits_per_minute=60,
        minute_seconds=60,
        increment_seconds=60,
        share_percent=0,
        caller_device_id=new_id(),
        caller_seen_at=now,
        callee_seen_at=now,
        created_at=now,
    )

    def talk() -> None:
        names = [f"call:{call_id}:hold:{minute}" for minute in (1, 2, 3)]
        holds = Holds(UUID(buyer.id), now, kind="call")
        for name in names:
            assert holds.hold(name, 60)
        holds.take(names[0], f"call:{call_id}:minute:1", 60)
        holds.take(names[1], f"call:{call_id}:minute:2", 60)
        holds.write()

    run_atomic(talk)
    assert attempt(buyer)["self_dealing"] == 60
    seen = newest(buyer).inputs  # Of two minutes the bonus paid a part, and the third is held.
    assert (seen["spent_credits"], seen["favourite"]["user_id"]) == (120 - buyer.bonus, fresh.id)


def test_paid_credits_that_go_to_many_are_no_pattern(settings: Any) -> None:
    settings.PRICE_MESSAGE_TEXT_CREDITS = 20
    buyer, others = Buyer(), [Buyer() for _ in range(2)]
    settle(buyer, package="large")
    write(buyer, others[0].id, 5)
    write(buyer, others[1].id, 1)
    assert newest(buyer).points is not None
    assert "self_dealing" not in attempt(buyer)
    assert newest(buyer).inputs["favourite"]["credits"] == 80


@pytest.mark.parametrize("outcomes", [(), ("dispute_won",), ("dispute_lost",)])
def test_an_earlier_dispute_whatever_came_of_it(outcomes: tuple[str, ...]) -> None:
    buyer = Buyer()
    intent = settle(buyer)
    assert "earlier_dispute" not in attempt(buyer)
    for outcome in ("dispute", *outcomes):
        buyer.play(intent, outcome)
    assert attempt(buyer)["earlier_dispute"] == 60


def test_a_good_history_takes_points_away(time: Any) -> None:
    buyer = Buyer()
    for _ in range(4):
        settle(buyer)
        time.shift(DAY)
    time.shift(56 * DAY - MILLISECOND)
    settle(buyer)
    assert attempt(buyer) == {}
    time.shift(MILLISECOND)
    assert attempt(buyer) == {"good_history": -25}
    assert newest(buyer).points == -25


def test_a_purchase_far_above_the_past_is_watched() -> None:
    buyer = Buyer()
    settle(buyer, package="small")
    attempt(buyer, package="large")
    (watched,) = (hit for hit in newest(buyer).hits if hit["rule"] == "amount_above_the_past")
    assert (watched["number"], watched["shadow"], watched["counted"]) == (600, True, False)
