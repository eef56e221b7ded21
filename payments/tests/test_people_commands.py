"""``create_users`` and ``seed_demo``: people with credits, where accounts and ledger meet."""

import json
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from pairly.accounts import selectors
from pairly.accounts.models import Device, User
from payments.selectors import wallets_of


def balances() -> dict[str, int]:
    users = dict(User.objects.values_list("id", "email"))
    return {users[key]: wallet.balance for key, wallet in wallets_of(set(users)).items()}


@pytest.mark.mongodb
def test_create_users_prints_people_with_exact_credits_and_tokens() -> None:
    output = StringIO()
    call_command("create_users", "--count", "3", "--credits", "50", stdout=output)
    made = json.loads(output.getvalue().splitlines()[-1])
    assert [set(one) for one in made] == [{"id", "email", "token"}] * 3
    assert balances() == {one["email"]: 50 for one in made}
    client = APIClient(headers={"Authorization": f"Bearer {made[0]['token']}"})
    me = client.get("/api/v1/me").json()
    assert (me["id"], me["email_verified"]) == (made[0]["id"], True)
    body = {"email": made[1]["email"], "password": "pairly-demo-1"}
    assert APIClient().post("/api/v1/auth/login", body).status_code == 200


def test_create_users_again_and_without_credits() -> None:
    for _ in range(2):
        output = StringIO()
        call_command("create_users", "--count", "2", "--json", stdout=output)
        assert len(json.loads(output.getvalue())) == 2
    assert set(balances().values()) == {0} and len(balances()) == 4
    with pytest.raises(CommandError):
        call_command("create_users", "--count", "0")


def test_commands_for_mock_mode_refuse_production(settings: Any) -> None:
    settings.MOCK_MODE = False
    for command in (["create_users", "--count", "1"], ["seed_demo"]):
        with pytest.raises(CommandError, match="mock mode"):
            call_command(*command)


def test_two_thousand_people_take_seconds() -> None:
    started = time.monotonic()
    call_command("create_users", "--count", "2000", "--credits", "5", stdout=StringIO())
    assert time.monotonic() - started < 30
    assert Device.objects.count() == 2000


@pytest.mark.mongodb
def test_seed_demo_is_idempotent() -> None:
    for _ in range(2):
        call_command("seed_demo", stdout=StringIO())
    credits = balances()
    assert credits == {"ava@pairly.test": 500, "ben@pairly.test": 500, "staff@pairly.test": 0}
    staff = selectors.user_by_email("staff@pairly.test")
    assert staff is not None and selectors.roles_of(staff.pk) == ["superadmin"]
    for email in credits:
        body = {"email": email, "password": "pairly-demo-1"}
        assert APIClient().post("/api/v1/auth/login", body).status_code == 200
