"""Becoming a member."""

import threading
from datetime import date
from typing import Any

import pytest
import time_machine

from pairly.accounts.models import User
from pairly.accounts.services import Origin, register
from pairly.accounts.tests.callers import codes_of
from pairly.core.errors import Conflict

BODY = {
    "email": "Ava@Example.org",
    "password": "quiet-harbour-42",
    "display_name": "Ava",
    "birth_date": "1995-06-15",
}


@pytest.mark.mongodb
def test_an_adult_registers_and_is_signed_in(guest: Any, join: Any) -> None:
    response = guest.post("auth/register", **BODY)

    assert response.status_code == 201
    answer = response.json()
    assert answer["user"]["email"] == "ava@example.org"
    assert answer["user"]["email_verified"] is False
    assert answer["user"]["birth_date"] == "1995-06-15"
    assert answer["user"]["terms_version"] == "1"
    assert "password" not in str(answer)
    me = guest.get("me")
    assert me.status_code == 401 and me.json()["code"] == "not_authenticated"
    again = guest.post("auth/register", **{**BODY, "email": "AVA@example.org"})
    assert again.status_code == 409 and again.json()["code"] == "conflict"


def test_the_role_never_comes_from_the_client(guest: Any) -> None:
    for name in ("role", "is_staff", "is_superuser", "credits_balance"):
        response = guest.post("auth/register", **BODY, **{name: "superadmin"})
        assert response.status_code == 400
        assert response.json()["code"] == "validation_error"
        assert codes_of(response) == {(name, "unknown_field")}
    assert not User.objects.exists()


@time_machine.travel("2026-03-01T12:00:00Z", tick=False)
def test_adults_only_to_the_day(guest: Any) -> None:
    young = guest.post("auth/register", **{**BODY, "birth_date": "2008-03-02"})
    assert young.status_code == 400 and codes_of(young) == {("birth_date", "too_young")}
    unborn = guest.post("auth/register", **{**BODY, "birth_date": "2030-01-01"})
    assert codes_of(unborn) == {("birth_date", "invalid")}
    just = guest.post("auth/register", **{**BODY, "birth_date": "2008-03-01"})
    assert just.status_code == 201


def test_a_weak_password_is_refused_with_reasons(guest: Any) -> None:
    short = guest.post("auth/register", **{**BODY, "password": "pass1"})
    assert ("password", "password_too_short") in codes_of(short)
    common = guest.post("auth/register", **{**BODY, "password": "1234567890"})
    assert ("password", "password_too_common") in codes_of(common)
    alike = guest.post("auth/register", **{**BODY, "password": "ava@example.org"})
    assert ("password", "password_too_similar") in codes_of(alike)
    spaces = guest.post("auth/register", **{**BODY, "password": "  quiet  harbour  "})
    assert spaces.status_code == 201
    body = {"email": BODY["email"], "password": "  quiet  harbour  "}
    assert guest.post("auth/login", **body).status_code == 200
    assert guest.post("auth/login", **{**body, "password": "quiet  harbour"}).status_code == 401


def test_each_bad_field_is_named(guest: Any) -> None:
    response = guest.post(
        "auth/register",
        email="nobody",
        password="quiet-harbour-42",
        display_name="Eve\u202e",
        birth_date="15.06.1995",
        country="XX",
        time_zone="Mars/Olympus",
    )
    assert response.status_code == 400
    assert {field for field, _code in codes_of(response)} == {
        "email",
        "display_name",
        "birth_date",
        "country",
        "time_zone",
    }
    missing = guest.post("auth/register")
    assert codes_of(missing) == {(name, "required") for name in BODY}


@pytest.mark.mongodb
def test_two_registrations_at_once_make_one_account() -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        try:
            register(
                email="ava@example.org",
                password="quiet-harbour-42",
                display_name="Ava",
                birth_date=date(1995, 6, 15),
                origin=Origin(),
            )
            outcomes.append("registered")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "registered"]
    assert User.objects.filter(email="ava@example.org").count() == 1
