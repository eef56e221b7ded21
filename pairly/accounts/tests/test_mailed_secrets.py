"""E-mail verification and password reset, as the mails of mock mode tell."""

import threading
from typing import Any

import pytest
import time_machine

from pairly.accounts.models import Mail, MailedSecret
from pairly.accounts.services import reset_password
from pairly.accounts.tests.callers import Caller, codes_of, login
from pairly.core.errors import ValidationFailed
from pairly.outbox.dispatch import dispatch_all
from pairly.outbox.models import OutboxEvent

NEW_PASSWORD = "calm-lighthouse-77"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.mongodb
def test_the_address_is_verified_by_the_mailed_code(join: Any, mailed: Any) -> None:
    ava = join()
    code = mailed(ava.email)
    assert code not in str(list(MailedSecret.objects.values()))
    assert code not in str(list(OutboxEvent.objects.values()))

    refused = ava.api.post("auth/verify-email", code=wrong(code))
    assert refused.status_code == 400 and codes_of(refused) == {("code", "wrong_code")}
    assert ava.api.post("auth/verify-email", code=code).status_code == 204
    assert ava.api.get("me").json()["email_verified"] is True
    assert ava.api.post("auth/verify-email", code=code).status_code == 409
    assert ava.api.post("auth/verify-email/resend").status_code == 409
    assert not MailedSecret.objects.exists()


@pytest.mark.mongodb
def test_a_newer_code_replaces_the_older(join: Any, mailed: Any) -> None:
    ava = join()
    first = mailed(ava.email)
    assert ava.api.post("auth/verify-email/resend").status_code == 204
    second = mailed(ava.email)
    if first != second:
        assert ava.api.post("auth/verify-email", code=first).status_code == 400
    assert ava.api.post("auth/verify-email", code=second).status_code == 204


def test_a_code_is_void_after_five_tries_and_after_its_time(join: Any, mailed: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        code = mailed(ava.email)
        for _ in range(5):
            refused = ava.api.post("auth/verify-email", code=wrong(code))
            assert codes_of(refused) == {("code", "wrong_code")}
        void = ava.api.post("auth/verify-email", code=code)
        assert void.status_code == 400 and codes_of(void) == {("code", "expired")}

        ava.api.post("auth/verify-email/resend")
        code = mailed(ava.email)
        clock.shift(30 * 60)
        assert codes_of(ava.api.post("auth/verify-email", code=code)) == {("code", "expired")}


def test_one_persons_code_verifies_nobody_else(join: Any, mailed: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    code, other = mailed(ava.email), mailed(ben.email)
    if code != other:
        assert ben.api.post("auth/verify-email", code=code).status_code == 400


def test_resending_is_limited(join: Any, rate_limits: None) -> None:
    ava = join()
    statuses = [ava.api.post("auth/verify-email/resend").status_code for _ in range(4)]
    assert statuses == [204, 204, 204, 429]


@pytest.mark.mongodb
def test_a_forgotten_password_is_reset_by_mail(guest: Any, join: Any, mailed: Any) -> None:
    ava = join()
    assert guest.post("auth/password/reset", email=ava.email.upper()).status_code == 204
    token = mailed(ava.email)
    assert token not in str(list(MailedSecret.objects.values()))

    weak = guest.post("auth/password/reset/confirm", token=token, new_password="short")
    assert weak.status_code == 400
    body = {"token": token, "new_password": NEW_PASSWORD}
    assert guest.post("auth/password/reset/confirm", **body).status_code == 204
    assert ava.api.get("me").status_code == 401
    assert login(guest, ava.email).status_code == 401
    signed_in = login(guest, ava.email, NEW_PASSWORD)
    assert signed_in.status_code == 200
    assert signed_in.json()["user"]["email_verified"] is True
    again = guest.post("auth/password/reset/confirm", **body)
    assert again.status_code == 400 and codes_of(again) == {("token", "invalid")}


def test_asking_for_a_reset_does_not_tell_who_is_a_member(guest: Any, join: Any) -> None:
    ava = join()
    dispatch_all()
    Mail.objects.all().delete()
    known = guest.post("auth/password/reset", email=ava.email)
    unknown = guest.post("auth/password/reset", email="nobody@example.org")
    assert known.status_code == unknown.status_code == 204
    assert known.content == unknown.content == b""
    assert OutboxEvent.objects.filter(state="pending").count() == 2
    dispatch_all()
    assert [mail.recipient for mail in Mail.objects.all()] == [ava.email]


def test_a_reset_token_lapses_and_a_reset_lifts_the_lock(
    guest: Any, join: Any, mailed: Any
) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava = join()
        guest.post("auth/password/reset", email=ava.email)
        token = mailed(ava.email)
        clock.shift(60 * 60)
        body = {"token": token, "new_password": NEW_PASSWORD}
        assert guest.post("auth/password/reset/confirm", **body).status_code == 400

        for _ in range(10):
            clock.shift(1)
            login(guest, ava.email, "not-my-password")
        assert login(guest, ava.email).status_code == 429
        guest.post("auth/password/reset", email=ava.email)
        body["token"] = mailed(ava.email)
        clock.shift(1)
        assert guest.post("auth/password/reset/confirm", **body).status_code == 204
        assert login(guest, ava.email, NEW_PASSWORD).status_code == 200


@pytest.mark.mongodb
def test_a_reset_token_works_once_also_at_once(guest: Any, join: Any, mailed: Any) -> None:
    ava = join()
    guest.post("auth/password/reset", email=ava.email)
    token = mailed(ava.email)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def run(number: int) -> None:
        barrier.wait()
        try:
            reset_password(token=token, new_password=f"{NEW_PASSWORD}-{number}")
            outcomes.append("reset")
        except ValidationFailed:
            outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "reset"]


@pytest.mark.mongodb
def test_changing_the_password_ends_the_other_devices(
    guest: Any, join: Any, closed_sockets: list[Any]
) -> None:
    ava = join()
    other = Caller(login(guest, ava.email).json()["token"])
    wrong_one = ava.api.post(
        "auth/password/change", current_password="not-mine", new_password=NEW_PASSWORD
    )
    assert wrong_one.status_code == 400
    assert codes_of(wrong_one) == {("current_password", "wrong_password")}
    assert other.get("me").status_code == 200

    body = {"current_password": "quiet-harbour-42", "new_password": NEW_PASSWORD}
    assert ava.api.post("auth/password/change", **body).status_code == 204
    assert ava.api.get("me").status_code == 200
    assert other.get("me").status_code == 401
    assert [code for _user, code, _device in closed_sockets] == [4401]
    assert login(guest, ava.email, NEW_PASSWORD).status_code == 200
