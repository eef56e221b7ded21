"""The staff routes: what the pages do, for programs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine

from pairly.accounts.tests.callers import login
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.outbox.models import OutboxEvent
from pairly.staff.tests.full import Filled, fill
from pairly.staff.tests.people import new_staff, staff_api
from payments.tasks import seal_ledger

STAFF = "/api/v1/staff/"


@pytest.fixture
def filled() -> Filled:
    found = fill(new_staff("superadmin"), more=5)
    seal_ledger()
    return found


def results(api: Any, address: str, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(f"{STAFF}{address}", query)
    assert answer.status_code == 200, answer.json()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def everything(api: Any, address: str, **query: Any) -> list[dict[str, Any]]:
    """All pages, two rows at a time."""
    rows = []
    answer = api.get(f"{STAFF}{address}", {**query, "limit": 2}).json()
    rows += answer["results"]
    while answer["next"]:
        answer = api.get(answer["next"]).json()
        rows += answer["results"]
    return rows


@pytest.mark.mongodb
def test_people_are_found_and_shown(filled: Filled) -> None:
    api, ava = staff_api("support"), filled.people[0]
    (found,) = results(api, "users", q="AVA@example.net")
    assert (found["id"], found["standing"]) == (str(ava.pk), "active")
    assert [one["display_name"] for one in results(api, "users", q="person 1")] == ["Person 1"]
    assert results(api, "users", q="va@example.net") == []
    assert [one["display_name"] for one in results(api, "users", standing="suspended")] == [
        "Dmitri",
        "Chitra",
    ]
    assert [one["email"] for one in results(api, "users", standing="staff")] == [
        "support@example.org",
        "superadmin@example.org",
    ]
    assert len(everything(api, "users")) == 17

    shown = api.get(f"{STAFF}users/{ava.pk}").json()
    assert shown["wallet"]["balance"] == 65
    assert (shown["roles"], shown["second_factor"]["enrolled_at"]) == ([], None)
    assert len(results(api, f"users/{ava.pk}/sign-ins")) == 2
    assert len(everything(api, f"users/{ava.pk}/transactions")) == 7
    outcomes = [one["outcome"] for one in results(api, f"users/{ava.pk}/sign-in-attempts")]
    assert outcomes == ["failed", "failed", "failed", "succeeded"]
    assert len(results(api, f"users/{ava.pk}/reports")) == 2
    assert len(results(api, f"users/{filled.people[1].pk}/reports-made")) == 1
    assert [one["text"] for one in results(api, f"users/{ava.pk}/notes")] == [
        "Called on Monday, was friendly."
    ]
    assert api.get(f"{STAFF}users/{new_id()}").status_code == 404
    looks = AuditEntry.objects.filter(target_id=str(ava.pk), action="user.viewed")
    assert looks.count() == 5


@pytest.mark.mongodb
def test_a_person_is_suspended_and_restored(join: Any, closed_sockets: list[Any]) -> None:
    ava, api = join(), staff_api("moderator")
    person = f"{STAFF}users/{ava.id}"
    assert api.post(f"{person}/suspend", {}).json()["errors"][0]["field"] == "reason"
    past = clock.to_rfc3339(clock.now() - timedelta(days=1))
    assert api.post(f"{person}/suspend", {"reason": "Spam", "until": past}).status_code == 400
    assert api.post(f"{person}/suspend", {"reason": "Spam"}).json()["standing"] == "suspended"
    assert (UUID(ava.id), 4403, None) in closed_sockets
    assert ava.api.get("me").status_code == 403
    assert api.post(f"{person}/restore", {"reason": "Mistake"}).json()["standing"] == "active"
    assert api.post(f"{person}/restore", {"reason": "Mistake"}).status_code == 409
    entries = AuditEntry.objects.filter(target_id=ava.id).order_by("id")
    assert [(one.action, one.reason) for one in entries] == [
        ("user.suspended", "Spam"),
        ("user.restored", "Mistake"),
    ]


def test_sign_ins_notes_and_locks(join: Any, guest: Any, settings: Any) -> None:
    ava, api = join(), staff_api("moderator")
    person = f"{STAFF}users/{ava.id}"
    (device,) = results(api, f"users/{ava.id}/sign-ins")
    end = f"{person}/sign-ins/{device['id']}/end"
    assert api.post(end, {"reason": "Lost"}).status_code == 204
    assert api.post(end, {"reason": "Lost"}).status_code == 404
    assert ava.api.get("me").status_code == 401
    login(guest, ava.email)
    assert api.post(f"{person}/end-sessions", {"reason": "All"}).status_code == 200
    assert all(one["ended_at"] for one in results(api, f"users/{ava.id}/sign-ins"))
    for _ in range(settings.SIGN_IN_FAILURES_MAX):
        login(guest, ava.email, "wrong-password-1")
    assert api.get(person).json()["locked_out"] is True
    assert api.post(f"{person}/unlock", {"reason": "Called"}).json()["locked_out"] is False
    made = api.post(f"{person}/notes", {"text": "Nice on the telephone"})
    assert (made.status_code, made.json()["author_id"]) == (
        201,
        str(new_staff("moderator").pk),
    )
    assert api.post(f"{person}/reset-second-factor", {"reason": "Lost"}).status_code == 409


@pytest.mark.mongodb
def test_credits_are_given_once_per_key_and_with_a_fresh_code(join: Any) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as now:
        ava, api = join(), staff_api("support")
        grants = f"{STAFF}users/{ava.id}/adjustments"
        gift = {"kind": "give_bonus", "credits": 10, "reason": "Our fault"}
        assert api.post(grants, gift).json()["code"] == "idempotency_key_required"
        first = api.post(grants, gift, headers={"Idempotency-Key": "a"})
        again = api.post(grants, gift, headers={"Idempotency-Key": "a"})
        assert (first.status_code, first.json()) == (201, again.json())
        assert again["Idempotent-Replayed"] == "true"
        other = api.post(grants, {**gift, "credits": 11}, headers={"Idempotency-Key": "a"})
        assert other.status_code == 422
        over = api.post(grants, {**gift, "credits": 51}, headers={"Idempotency-Key": "b"})
        assert (over.status_code, over.json()["errors"][0]["field"]) == (400, "credits")
        assert ava.api.get("wallet").json()["balance"] == 30
        now.shift(timedelta(minutes=11))
        stale = api.post(grants, gift, headers={"Idempotency-Key": "c"})
        assert (stale.status_code, stale.json()["code"]) == (403, "second_factor_required")
        assert AuditEntry.objects.filter(action="credits.granted").count() == 1


@pytest.mark.mongodb
def test_the_ledger_is_explored(filled: Filled) -> None:
    api, ava = staff_api("finance"), filled.people[0]
    accounts = results(api, "ledger/accounts", q="ava@example.net")
    assert {one["kind"] for one in accounts} == {"paid", "bonus", "earnings", "debt"}
    assert {one["key"] for one in results(api, "ledger/accounts", q="house:")} >= {
        "house:sales:CREDIT",
        "house:promotions:CREDIT",
    }
    everyone = everything(api, "ledger/transfers")
    assert len(everyone) == len({one["id"] for one in everyone}) == 15 + 60
    of_ava = everything(api, "ledger/transfers", user_id=ava.pk)
    assert [one["amount"] for one in of_ava] == [10, 9, 8, 7, 6, 5, 20]
    assert {one["id"] for one in everything(api, "ledger/transfers", operation="bonus:")} == {
        f"bonus:{one.pk}" for one in filled.people
    }
    now = clock.now()
    times = {
        "since": clock.to_rfc3339(now - timedelta(hours=1)),
        "until": clock.to_rfc3339(now + timedelta(hours=1)),
    }
    timed = everything(api, "ledger/transfers", operation="bonus:", **times)
    assert len(timed) == 15
    late = {"since": clock.to_rfc3339(now + timedelta(hours=1))}
    assert everything(api, "ledger/transfers", **late) == []
    assert everything(api, "ledger/transfers", user_id=ava.pk, **late) == []
    early = {"until": clock.to_rfc3339(now - timedelta(hours=1))}
    assert everything(api, "ledger/transfers", **early) == []

    (newest, *_rest) = results(api, "ledger/blocks")
    assert newest["first_sequence"] + newest["count"] - 1 == 75
    verdict = api.post(f"{STAFF}ledger/verify").json()
    assert (verdict["ok"], verdict["transfers"], verdict["problem"]) == (True, 75, None)
    assert AuditEntry.objects.filter(action="ledger.verified").count() == 1
    for role in ("moderator", "analyst"):
        refused = staff_api(role)
        assert refused.post(f"{STAFF}ledger/verify").status_code == 403
    for address in ("accounts", "transfers", "blocks"):
        assert staff_api("moderator").get(f"{STAFF}ledger/{address}").status_code == 403


@pytest.mark.mongodb
def test_failed_events_are_retried_or_discarded(filled: Filled) -> None:
    api = staff_api("admin")
    waiting = [one["kind"].rpartition(".")[2] for one in results(api, "outbox")]
    assert waiting.count("MailRequested") == 2
    (failed,) = results(api, "outbox", state="failed")
    event = f"{STAFF}outbox/{failed['id']}"
    assert api.post(f"{event}/retry", {}).status_code == 400
    assert api.post(f"{event}/retry", {"reason": "Mended"}).status_code == 204
    assert api.post(f"{event}/retry", {"reason": "Mended"}).status_code == 409
    OutboxEvent.objects.filter(pk=failed["id"]).update(state="failed")
    assert api.post(f"{event}/discard", {"reason": "Pointless"}).status_code == 204
    assert len(results(api, "outbox", state="discarded")) == 1
    entries = AuditEntry.objects.filter(target_type="outbox_event").order_by("id")
    assert [(one.action, one.reason) for one in entries] == [
        ("outbox.retried", "Mended"),
        ("outbox.discarded", "Pointless"),
    ]


@pytest.mark.mongodb
def test_the_audit_log_is_searched(filled: Filled) -> None:
    api, chitra = staff_api("admin"), filled.people[2]
    boss = str(new_staff("superadmin").pk)
    (entry,) = results(api, "audit", target_type="user", target_id=str(chitra.pk))
    assert (entry["action"], entry["actor_id"]) == ("user.suspended", boss)
    assert len(results(api, "audit", actor_id=boss)) == 3
    assert len(results(api, "audit", action="user.noted")) == 1
    hour = timedelta(hours=1)
    late = clock.to_rfc3339(clock.now() + hour)
    assert results(api, "audit", since=late) == []
    assert results(api, "audit", until="0052-08-18T14:47:18Z") == []
    assert len(results(api, "audit", actor_id=boss, until=late)) == 3
    assert len(everything(api, "audit")) == AuditEntry.objects.count()
    assert staff_api("finance").get(f"{STAFF}audit").status_code == 403


def test_jobs_and_roles(join: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    ava, api = join(), staff_api("superadmin")
    names = {one["name"] for one in results(api, "jobs")}
    assert "payments.verify_ledger_full" in names
    run = f"{STAFF}jobs/accounts.remove_expired/run"
    monkeypatch.setattr("pairly.jobs.services.start_in_thread", lambda name: name)
    assert api.post(run, {"reason": "Now"}).status_code == 202
    assert api.post(f"{STAFF}jobs/made.up/run", {"reason": "Now"}).status_code == 404
    assert staff_api("analyst").post(run, {"reason": "Now"}).status_code == 403

    give = {"user_id": ava.id, "role": "support", "reason": "Joined"}
    assert api.post(f"{STAFF}roles", give).status_code == 204
    assert {one["email"]: one["roles"] for one in results(api, "roles")}[ava.email] == ["support"]
    take = f"{STAFF}roles/{ava.id}/support/take"
    assert api.post(take, {"reason": "Left"}).status_code == 204
    assert api.post(take, {"reason": "Left"}).status_code == 404
    mine = f"{STAFF}roles/{new_staff('superadmin').pk}/superadmin/take"
    assert api.post(mine, {"reason": "Tired"}).status_code == 409
    assert staff_api("admin").get(f"{STAFF}roles").status_code == 403
    changes = AuditEntry.objects.filter(action="user.roles_changed", target_id=ava.id)
    assert [one.reason for one in changes.order_by("id")] == ["Joined", "Left"]
