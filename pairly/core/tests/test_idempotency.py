"""The Idempotency-Key at a real door: the one where purchases begin."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from pairly.core import clock, idempotency
from pairly.core.models import IdempotencyKey
from payments.intents import api
from payments.models import Intent
from payments.tests.buyers import Buyer, at_once

pytestmark = pytest.mark.mongodb


def test_a_request_repeated_is_answered_alike_and_done_once() -> None:
    buyer = Buyer()
    first, again = buyer.begin("a-key"), buyer.begin("a-key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Buyer().begin("a-key").json()["id"] != first.json()["id"]
    assert buyer.begin("A-KEY").json()["id"] != first.json()["id"]
    assert Intent.objects.count() == 3


def test_the_same_key_for_something_else_is_refused() -> None:
    buyer = Buyer()
    intent = buyer.begin("a-key").json()
    other = buyer.begin("a-key", package="large")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    headers = {"Idempotency-Key": "a-key"}
    spelt = '{"provider":"stripe",   "package":"small"}'
    same = buyer.api.post(
        "/api/v1/payments/intents", spelt, content_type="application/json", headers=headers
    )
    assert same.json()["id"] == intent["id"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "idempotency_key_required"),
        ("with space", "validation_error"),
        ("caf\xe9", "validation_error"),
        ("x" * 256, "validation_error"),
    ],
)
def test_money_is_not_moved_without_a_proper_key(key: str, code: str) -> None:
    answer = Buyer().begin(key)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Intent.objects.exists() and not IdempotencyKey.objects.exists()


def test_the_longest_key_is_taken() -> None:
    buyer = Buyer()
    answers = [buyer.begin("~" * 255) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_ten_at_once_make_one_intent() -> None:
    buyer = Buyer()
    answers = at_once(10, lambda _number: buyer.begin("a-key", buyer.client()))
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert len(made) >= 1 and len(made) + len(waiting) == 10
    assert len({answer.json()["id"] for answer in made}) == 1
    assert {answer.json()["code"] for answer in waiting} <= {"idempotency_in_progress"}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in waiting)
    assert Intent.objects.count() == 1
    assert buyer.begin("a-key").json()["id"] == made[0].json()["id"]


def test_a_refused_request_does_not_use_its_key_up(settings: Any) -> None:
    buyer = Buyer()
    assert buyer.begin("a-key", package="huge").status_code == 400
    settings.PURCHASE_NEEDS_VERIFIED_EMAIL = True
    assert buyer.begin("a-key").status_code == 403
    settings.PURCHASE_NEEDS_VERIFIED_EMAIL = False
    assert buyer.begin("a-key").status_code == 201


def test_a_worker_that_dies_leaves_a_lock_that_lapses_and_the_work_is_resumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between making the intent and keeping the answer: no second intent is made."""
    buyer = Buyer()

    class Killed(BaseException):
        pass

    def die(*_arguments: Any) -> None:
        raise Killed

    with time_machine.travel(clock.now(), tick=False) as moment:
        with monkeypatch.context() as patch:
            patch.setattr(api, "_shown", die)
            with pytest.raises(Killed):
                buyer.begin("a-key")
        assert Intent.objects.count() == 1
        moment.shift(timedelta(seconds=20))
        waiting = buyer.begin("a-key")
        assert (waiting.status_code, waiting.headers["Retry-After"]) == (409, "40")
        assert buyer.begin("a-key", package="large").status_code == 422
        moment.shift(timedelta(seconds=40))
        resumed = buyer.begin("a-key")
        assert resumed.status_code == 201 and "Idempotent-Replayed" not in resumed.headers
    assert [str(intent.pk) for intent in Intent.objects.all()] == [resumed.json()["id"]]


def test_a_defect_is_not_kept_and_the_next_one_resumes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = Buyer()

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(api, "_shown", fail)
        with pytest.raises(RuntimeError):
            buyer.begin("a-key")
    assert buyer.begin("a-key").status_code == 201
    assert Intent.objects.count() == 1


def test_a_slow_worker_finishes_nothing_that_another_took_over() -> None:
    user_id, now = Intent().pk, clock.now()
    later = now + timedelta(seconds=60)
    slow = idempotency.claim(user_id=user_id, key="k", fingerprint="f", now=now)
    with pytest.raises(idempotency.IdempotencyInProgress):
        idempotency.claim(user_id=user_id, key="k", fingerprint="f", now=now)
    quick = idempotency.claim(user_id=user_id, key="k", fingerprint="f", now=later)
    assert isinstance(slow, idempotency.Claim) and isinstance(quick, idempotency.Claim)
    assert quick.operation_id == slow.operation_id
    with pytest.raises(idempotency.IdempotencyInProgress):
        idempotency.finish(slow, status=201, body="1")
    idempotency.release(slow)
    idempotency.unlock(slow, now=now)
    idempotency.finish(quick, status=201, body="2")
    kept = idempotency.claim(user_id=user_id, key="k", fingerprint="f", now=later)
    assert kept == idempotency.KeptAnswer(201, "2")


def test_an_answer_is_kept_for_a_day_and_then_the_key_is_new() -> None:
    buyer = Buyer()
    with time_machine.travel(clock.now(), tick=False) as moment:
        first = buyer.begin("a-key").json()
        moment.shift(timedelta(hours=23, minutes=59))
        assert buyer.begin("a-key").json() == first
        assert idempotency.remove_expired(now=clock.now()) == 0
        moment.shift(timedelta(minutes=1))
        second = buyer.begin("a-key")
        assert second.status_code == 201 and second.json()["id"] != first["id"]
        moment.shift(timedelta(hours=24))
        assert idempotency.remove_expired(now=clock.now()) == 1
    assert not IdempotencyKey.objects.exists()
