"""Rate limits: exact under threads, told in Retry-After, and hard to walk around."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from pairly.alerts.models import Alert
from pairly.core import shared_cache
from pairly.core.throttling import client_address
from tests.redis_server import RedisServer, redis_path

START = 1_800_000_000


@pytest.fixture(autouse=True)
def limits(settings: Any, rate_limits: None) -> None:
    settings.ROOT_URLCONF = "pairly.core.tests.probes"
    settings.RATE_USER_PER_MINUTE = 20


def get(address: str = "203.0.113.5", path: str = "/api/limited") -> Any:
    return APIClient(REMOTE_ADDR=address).get(path)


def test_the_limit_holds_and_waiting_as_told_is_enough() -> None:
    with time_machine.travel(START, tick=False) as clock:
        assert [get().status_code for _ in range(21)] == [200] * 20 + [429]
        refused = get()
        assert refused.json()["code"] == "rate_limited"
        clock.shift(int(refused["Retry-After"]) - 1)
        assert get().status_code == 429
        clock.shift(1)
        assert get().status_code == 200


def test_a_burst_over_the_border_of_two_minutes_gains_nothing() -> None:
    with time_machine.travel(START, tick=False) as clock:
        clock.shift(59 - START % 60)
        assert [get().status_code for _ in range(20)] == [200] * 20
        clock.shift(2)
        refused = get()
        assert refused.status_code == 429
        clock.shift(int(refused["Retry-After"]))
        assert get().status_code == 200


def test_every_caller_has_their_own_limit() -> None:
    with time_machine.travel(START, tick=False):
        for _ in range(20):
            get("2001:db8::1")
        assert get("2001:db8::2").status_code == 429  # the same household
        assert get("2001:db8:0:1::1").status_code == 200
        assert get("203.0.113.6").status_code == 200


def test_requests_that_come_together_do_not_slip_through() -> None:
    with time_machine.travel(START, tick=False), ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(lambda _: get().status_code, range(100)))
    assert (statuses.count(200), statuses.count(429)) == (20, 80)


def test_processes_that_share_redis_share_the_limit(settings: Any, redis_server: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_server.url,
        }
    }
    with time_machine.travel(START, tick=False), ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(lambda _: get().status_code, range(30)))
    assert (statuses.count(200), statuses.count(429)) == (20, 10)


@pytest.fixture
def mortal_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis of this test's own, which it may kill; asked again at once."""
    if redis_path() is None:
        pytest.skip("needs redis-server, which is not installed (apt-get install redis-server)")
    server = RedisServer()
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": server.url}}
    monkeypatch.setattr(shared_cache, "LEFT_ALONE_SECONDS", 0)
    monkeypatch.setattr(shared_cache, "_outage", shared_cache._Outage())
    yield server
    server.stop()


def test_without_redis_requests_go_on_and_what_can_be_abused_waits(
    mortal_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = APIClient()

    def statuses() -> list[int]:
        asked = (
            get(),
            client.get("/api/money"),
            client.post("/api/money"),
            client.post("/api/sign-in", {"email": "ava@pairly.test"}),
        )
        return [answer.status_code for answer in asked]

    assert statuses() == [200] * 4
    mortal_redis.kill()
    with caplog.at_level("WARNING"):
        assert statuses() == statuses() == [200, 200, 503, 503]
    assert {get().status_code for _ in range(40)} == {200}
    refused = client.post("/api/money")
    assert refused.json()["code"] == "try_again" and "Retry-After" in refused
    told = [line for line in caplog.messages if "shared cache cannot be had" in line]
    assert len(told) == 1
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.state, alert.count) == ("cache_away", "open", 1)

    mortal_redis.start()
    with caplog.at_level("WARNING"):
        assert statuses() == [200] * 4
    assert "the shared cache is back" in caplog.messages
    assert [get().status_code for _ in range(20)].count(429) == 1
    alert.refresh_from_db()
    assert alert.state == "resolved"


def test_a_redis_that_is_away_is_left_alone_for_a_while(
    mortal_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_cache, "LEFT_ALONE_SECONDS", 3600)
    mortal_redis.kill()
    assert get().status_code == 200
    mortal_redis.start()
    assert {get().status_code for _ in range(40)} == {200}
    assert APIClient().post("/api/money")["Retry-After"] == "3600"
    assert shared_cache.is_away()


def test_guessing_is_limited_by_account_and_address() -> None:
    def sign_in(email: object, address: str = "203.0.113.5") -> int:
        return APIClient(REMOTE_ADDR=address).post("/api/sign-in", {"email": email}).status_code

    with time_machine.travel(START, tick=False):
        assert [sign_in("ava@pairly.test") for _ in range(6)] == [200] * 5 + [429]
        assert sign_in(" AVA@pairly.test") == 429
        assert sign_in("ben@pairly.test") == 200
        assert sign_in("ava@pairly.test", "203.0.113.9") == 200
        assert sign_in(["not", "text"]) == 200


def test_moving_money_is_limited_and_looking_is_not() -> None:
    client = APIClient()
    with time_machine.travel(START, tick=False):
        assert [client.post("/api/money").status_code for _ in range(11)] == [200] * 10 + [429]
        assert [client.get("/api/money").status_code for _ in range(20)] == [200] * 20


def test_limits_can_be_switched_off(settings: Any) -> None:
    settings.RATE_LIMITS = False
    assert {get().status_code for _ in range(40)} == {200}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.7", "203.0.113.5"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "9.9.9.9, 198.51.100.7", "198.51.100.7"),
        (2, "9.9.9.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "198.51.100.7", "203.0.113.5"),
        (1, "", "203.0.113.5"),
        (1, "nonsense", "203.0.113.5"),
        (1, "2001:DB8::7", "2001:db8::7"),
    ],
)
def test_only_what_our_proxies_wrote_counts(
    rf: Any, settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="203.0.113.5", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address
