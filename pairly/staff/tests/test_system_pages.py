"""Outbox, roles, jobs and the ledger's verification on the staff site."""

from typing import Any

import pytest
from django.test import Client

from pairly.accounts.selectors import roles_of
from pairly.audit.models import AuditEntry
from pairly.outbox.models import OutboxEvent
from pairly.staff.tests.full import Filled, fill
from pairly.staff.tests.people import new_staff, staff_browser
from payments.models import Account
from payments.tasks import seal_ledger

OUTBOX = "/admin/outbox/outboxevent/"
REFUSED = (302, 403, 404)
ROLES = "/admin/accounts/rolechange/"


@pytest.fixture
def filled() -> Filled:
    found = fill(new_staff("superadmin"), more=0)
    seal_ledger()
    return found


def submit(browser: Client, address: str, **fields: Any) -> Any:
    headers = {"HX-Request": "true"}
    address = address if "?" in address else f"{address}/"
    return browser.post(address, {"_form_submitted": "True", **fields}, headers=headers)


def said(browser: Client) -> str:
    return browser.get("/admin/").content.decode()


@pytest.mark.mongodb
def test_events_that_failed(filled: Filled) -> None:
    boss, event = staff_browser("admin"), filled.failed_event
    page = f"{OUTBOX}{event}"
    assert "Discard" in boss.get(f"{page}/change/").content.decode()
    assert "HX-Redirect" not in submit(boss, f"{page}/retry")
    submit(boss, f"{page}/retry", reason="Mended")
    assert "It is tried again." in said(boss)
    assert "Discard" not in boss.get(f"{page}/change/").content.decode()
    submit(boss, f"{page}/discard", reason="No")
    assert "not among the failed" in said(boss)

    OutboxEvent.objects.filter(pk=event).update(state="failed")
    submit(boss, f"{OUTBOX}retry_all", reason="All of them")
    assert "1 events are tried again." in said(boss)
    OutboxEvent.objects.filter(pk=event).update(state="failed")
    submit(boss, f"{page}/discard", reason="No")
    assert OutboxEvent.objects.get(pk=event).state == "discarded"
    assert submit(staff_browser("analyst"), f"{page}/retry", reason="I").status_code == 403


def test_roles_are_given_and_taken(join: Any) -> None:
    ava, boss = join(), staff_browser("superadmin")
    submit(boss, f"{ROLES}give", email="nobody@example.org", role="support", reason="New")
    submit(boss, f"{ROLES}give", email=ava.email.upper(), role="support", reason="New")
    assert roles_of(ava.id) == ["support"]
    assert ava.email in boss.get(ROLES).content.decode()
    submit(boss, f"{ROLES}take", holding=f"{ava.id}:support", reason="Left")
    assert roles_of(ava.id) == []
    mine = f"{new_staff('superadmin').pk}:superadmin"
    submit(boss, f"{ROLES}take", holding=mine, reason="Tired")
    assert "last superadmin" in said(boss)
    assert submit(staff_browser("admin"), f"{ROLES}give").status_code == 403


def test_a_job_is_run_now(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("pairly.jobs.services.start_in_thread", started.append)
    boss, address = staff_browser("admin"), "/admin/jobs/?run=audit.seal_audit"
    assert "Run this job now" in boss.get(address).content.decode()
    assert started == []
    submit(boss, address, reason="Waiting for it")
    assert started == ["audit.seal_audit"]
    entry = AuditEntry.objects.get(action="job.started")
    assert (entry.target_id, entry.reason) == ("audit.seal_audit", "Waiting for it")
    analyst = staff_browser("analyst")
    assert "Run now" not in analyst.get("/admin/jobs/").content.decode()
    for ask in (analyst.get, analyst.post):
        assert ask(address).status_code == 403
    assert started == ["audit.seal_audit"]


def test_verifying_the_ledger(filled: Filled) -> None:
    boss = staff_browser("finance")
    blocks = "/admin/payments/block/"
    assert "HX-Redirect" in submit(boss, f"{blocks}verify")
    assert "Good: 70 transfers" in boss.get(blocks).content.decode()
    Account.objects.filter(owner=filled.people[0], kind="bonus").update(balance=10**6)
    grants = fill_more(filled)
    submit(boss, f"{blocks}verify")
    assert grants and "THE LEDGER IS BROKEN" in said(boss)
    assert submit(staff_browser("analyst"), f"{blocks}verify").status_code == 403


def fill_more(filled: Filled) -> bool:
    """Something for the incremental verification to look at."""
    from pairly.core import clock
    from payments.services import grant_credits

    grant_credits(
        owner_id=filled.people[0].pk,
        credits=1,
        operation="grant:another",
        kind="grant",
        now=clock.now(),
    )
    return True


def test_nothing_of_ledger_and_audit_is_changed_by_a_page(filled: Filled) -> None:
    boss = staff_browser("superadmin")
    for table in ("payments/transfer", "payments/account", "payments/block", "audit/auditentry"):
        assert boss.get(f"/admin/{table}/add/").status_code == 403
        for row in ("x", "1", str(filled.failed_event)):
            assert boss.post(f"/admin/{table}/{row}/change/", {"amount": 1}).status_code in REFUSED
            assert (
                boss.post(f"/admin/{table}/{row}/delete/", {"post": "yes"}).status_code in REFUSED
            )
