"""Signing in and out, and the devices."""

import threading
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher

from pairly.accounts.models import Device, SignInAttempt
from pairly.accounts.tests.callers import Caller, login


@pytest.mark.mongodb
def test_signing_in_on_two_devices_and_out_of_one(guest: Any, join: Any) -> None:
    ava = join()
    response = login(guest, ava.email.upper(), device_name="Phone")
    assert response.status_code == 200
    assert set(response.json()) == {"token", "expires_at", "user"}
    phone = Caller(response.json()["token"])

    devices = phone.get("auth/devices").json()
    assert devices["next"] is None
    assert [(device["name"], device["current"]) for device in devices["results"]] == [
        ("Phone", True),
        ("", False),
    ]
    assert phone.post("auth/logout").status_code == 204
    assert phone.get("me").status_code == 401
    assert ava.api.get("me").status_code == 200


@pytest.mark.mongodb
def test_ending_devices(guest: Any, join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    other = Caller(login(guest, ava.email).json()["token"])
    (mine,) = [d for d in other.get("auth/devices").json()["results"] if not d["current"]]

    assert ben.api.delete(f"auth/devices/{mine['id']}").status_code == 404
    assert other.delete(f"auth/devices/{mine['id']}").status_code == 204
    assert other.delete(f"auth/devices/{mine['id']}").status_code == 404
    assert ava.api.get("me").status_code == 401
    assert other.post("auth/logout-all").status_code == 204
    assert other.get("me").status_code == 401
    assert ben.api.get("me").status_code == 200


@pytest.mark.mongodb
def test_the_eleventh_device_ends_the_least_recently_used(
    guest: Any, join: Any, closed_sockets: list[Any]
) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        tokens = []
        for _ in range(9):
            clock.shift(60)
            tokens.append(login(guest, ava.email).json()["token"])
        assert ava.api.get("me").status_code == 200
        clock.shift(60)
        assert login(guest, ava.email).status_code == 200
        assert ava.api.get("me").status_code == 401
        assert Caller(tokens[0]).get("me").status_code == 200
        assert [(code, str(user_id)) for user_id, code, _device in closed_sockets] == [
            (4409, ava.id)
        ]
        assert Device.objects.filter(user_id=ava.id, ended_at=None).count() == 10


def test_a_token_is_stored_only_as_hash(join: Any) -> None:
    ava = join()
    device = Device.objects.get()
    assert ava.token not in str(vars(device))
    assert len(device.token_hash) == 64


def test_bad_tokens_are_refused_alike(join: Any) -> None:
    join()
    for token in ("", "x", "a" * 43, "ä"):
        response = Caller(token).get("me")
        assert response.status_code == 401, token
        assert response.json()["code"] == "not_authenticated"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.mongodb
def test_a_sign_in_lapses_after_thirty_days_and_is_renewed_by_use(join: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        clock.move_to("2026-01-29T12:00:00Z")
        assert ava.api.get("me").status_code == 200
        clock.move_to("2026-02-27T12:00:00Z")
        assert ava.api.get("me").status_code == 200
        clock.move_to("2026-03-29T12:00:01Z")
        assert ava.api.get("me").status_code == 401


def test_use_is_noted_at_most_every_ten_minutes(join: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        clock.move_to("2026-01-01T12:09:59Z")
        ava.api.get("me")
        assert Device.objects.get().last_used_at.minute == 0
        clock.move_to("2026-01-01T12:10:00Z")
        ava.api.get("me")
        device = Device.objects.select_related("user").get()
        assert device.last_used_at.minute == device.user.last_active_at.minute == 10


def test_wrong_password_and_unknown_address_get_the_same_answer(guest: Any, join: Any) -> None:
    ava = join()
    wrong = login(guest, ava.email, "not-my-password")
    unknown = login(guest, "nobody@example.org", "not-my-password")
    assert wrong.status_code == unknown.status_code == 401
    strip = {"trace_id"}
    assert {k: v for k, v in wrong.json().items() if k not in strip} == {
        k: v for k, v in unknown.json().items() if k not in strip
    }
    assert SignInAttempt.objects.filter(outcome="failed").count() == 2
    assert ava.email not in str(list(SignInAttempt.objects.values()))


def test_an_unknown_address_costs_the_hasher_as_much(
    guest: Any, join: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ava = join()
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    login(guest, ava.email, "not-my-password")
    for_known = len(hashed)
    login(guest, "nobody@example.org", "not-my-password")
    assert for_known == 1 and len(hashed) == 2


@pytest.mark.mongodb
def test_sign_ins_at_once_keep_to_the_limit(guest: Any, join: Any, settings: Any) -> None:
    settings.DEVICES_PER_USER_MAX = 3
    ava = join()
    barrier = threading.Barrier(6)
    statuses: list[int] = []

    def run() -> None:
        barrier.wait()
        statuses.append(login(Caller(), ava.email).status_code)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert Device.objects.filter(user_id=ava.id, ended_at=None).count() == 3


@pytest.mark.parametrize("known", [True, False])
def test_ten_failures_lock_for_a_while_known_or_not(guest: Any, join: Any, known: bool) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        email = join().email if known else "nobody@example.org"
        for _ in range(10):
            assert login(guest, email, "not-my-password").status_code == 401
        locked = login(guest, email)
        assert locked.status_code == 429 and locked.json()["code"] == "rate_limited"
        assert int(locked.headers["Retry-After"]) == 15 * 60 + 1
        clock.shift(15 * 60 + 1)
        assert login(guest, email).status_code == (200 if known else 401)


def test_a_success_starts_the_count_afresh(guest: Any, join: Any) -> None:
    ava = join()
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        for _ in range(2):
            for _ in range(9):
                clock.shift(1)
                assert login(guest, ava.email, "not-my-password").status_code == 401
            clock.shift(1)
            assert login(guest, ava.email).status_code == 200


def test_sign_in_is_limited_per_account_and_address(
    guest: Any, join: Any, rate_limits: None
) -> None:
    ava = join()
    statuses = [login(guest, ava.email, "not-my-password").status_code for _ in range(6)]
    assert statuses[-1] == 429 and statuses[0] == 401
    assert login(guest, "other@example.org").status_code == 401
