"""What one person may not do alone: asked for, decided once by somebody else, or given up."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import time_machine
from django.test import Client

from pairly.accounts.models import Mail
from pairly.approvals import registry, services
from pairly.approvals.models import Approval, State
from pairly.approvals.selectors import in_state, waiting_for
from pairly.approvals.tasks import expire_approvals
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, PairlyError
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from tests.explain import assert_uses_index

TARGET = "0190a0a0-0000-7000-8000-000000000001"


@pytest.fixture
def gift() -> Iterator[str]:
    """Approved it writes a mail "given", else one "kept"; a gift of 13 cannot be carried out."""

    def write(approval: Approval, subject: str, now: datetime) -> None:
        text = str(approval.payload["credits"])
        Mail.objects.create(
            recipient=approval.target_id, subject=subject, text=text, created_at=now
        )

    def execute(approval: Approval, now: datetime) -> None:
        write(approval, "given", now)
        if approval.payload["credits"] == 13:
            raise Conflict("Not that many.")

    registry.register(
        kind="test_gift",
        permission="credits.grant_any",
        title="A gift for trial",
        execute=execute,
        on_reject=lambda approval, now: write(approval, "kept", now),
    )
    yield "test_gift"
    del registry._kinds["test_gift"]


def ask(kind: str, by: str = "support", credits: int = 700) -> Approval:
    return run_atomic(
        lambda: services.request(
            kind=kind,
            target_type="user",
            target_id=TARGET,
            payload={"credits": credits},
            reason="Bought twice",
            actor_id=new_staff(by).pk,
            now=clock.now(),
        )
    )


def mails() -> list[str]:
    return list(Mail.objects.filter(recipient=TARGET).values_list("subject", flat=True))


def post(api: Any, one: Approval, what: str, **headers: str) -> Any:
    address = f"/api/v1/staff/approvals/{one.pk}/{what}"
    key = headers or {"Idempotency-Key": str(new_id())}
    return api.post(address, {"reason": "Looked at it"}, headers=key)


def press(browser: Client, one: Approval, action: str, reason: str = "Looked at it") -> Any:
    address = f"/admin/approvals/approval/{one.pk}/{action}/"
    fields = {"_form_submitted": "True", "reason": reason}
    return browser.post(address, fields, headers={"HX-Request": "true"})


@pytest.mark.mongodb
def test_somebody_else_approves_and_it_is_done_once(gift: str) -> None:
    one = ask(gift, by="finance")
    own, admin, support = staff_api("finance"), staff_api("admin"), staff_api("support")
    listed = admin.get("/api/v1/staff/approvals").json()["results"]
    assert [(row["id"], row["title"]) for row in listed] == [(str(one.pk), "A gift for trial")]
    assert admin.get(f"/api/v1/staff/approvals/{one.pk}").json()["payload"] == {"credits": 700}

    for api, detail in ((own, "Somebody else decides"), (support, "Your role does not")):
        for what in ("approve", "reject"):
            refused = post(api, one, what)
            assert refused.status_code == 403 and detail in refused.json()["detail"]
    assert post(admin, one, "withdraw").status_code == 403
    assert mails() == []

    assert post(admin, one, "approve", **{"X-Nothing": "1"}).json()["code"] == (
        "idempotency_key_required"
    )
    approved = post(admin, one, "approve")
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert post(admin, one, "approve").json() == approved.json()
    assert mails() == ["given"]
    for what in ("reject", "approve"):
        refused = post(staff_api("superadmin"), one, what)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert post(own, one, "withdraw").status_code == 409

    entries = AuditEntry.objects.filter(target_id=TARGET).order_by("id")
    assert [entry.action for entry in entries] == ["approval.requested", "approval.approved"]
    assert orjson.loads(entries[1].after)["credits"] == 700
    assert entries[1].actor_id == new_staff("admin").pk


@pytest.mark.mongodb
def test_rejected_and_withdrawn_undo_what_was_prepared(gift: str) -> None:
    support, admin = staff_api("support"), staff_api("admin")
    assert post(admin, ask(gift), "reject").json()["state"] == "rejected"
    assert mails() == ["kept"]
    one = ask(gift)
    assert post(support, one, "withdraw").json()["state"] == "withdrawn"
    assert mails() == ["kept", "kept"]
    assert post(admin, one, "approve").status_code == 409
    ended = admin.get("/api/v1/staff/approvals?state=withdrawn").json()["results"]
    assert [row["decision_reason"] for row in ended] == ["Looked at it"]


@pytest.mark.mongodb
def test_what_cannot_be_carried_out_waits_on(gift: str) -> None:
    one = ask(gift, credits=13)
    refused = post(staff_api("admin"), one, "approve")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Not that many.")
    assert mails() == []
    assert in_state().filter(pk=one.pk).exists()
    assert not AuditEntry.objects.filter(action="approval.approved").exists()


@pytest.mark.mongodb
def test_two_deciders_at_once_carry_it_out_once(gift: str) -> None:
    one = ask(gift)
    deciders = [new_staff(role).pk for role in ("admin", "finance", "superadmin")]
    start = threading.Barrier(len(deciders) + 1)
    outcomes: list[Any] = []

    def decide(decision: Any, actor_id: UUID) -> None:
        start.wait()
        try:
            outcomes.append(decision(approval_id=one.pk, actor_id=actor_id, reason="Fine").state)
        except PairlyError as error:
            outcomes.append(error.code)

    work = [(services.approve, decider) for decider in deciders]
    work.append((services.withdraw, one.requested_by))
    threads = [threading.Thread(target=decide, args=job) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("conflict") == len(threads) - 1
    one.refresh_from_db()
    assert one.state in (State.APPROVED, State.WITHDRAWN)
    assert mails() == ["given" if one.state == State.APPROVED else "kept"]


@pytest.mark.mongodb
def test_what_nobody_decides_expires(gift: str, settings: Any) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        one, decider = ask(gift), new_staff("admin").pk
        traveller.shift(timedelta(hours=settings.APPROVAL_LIFETIME_HOURS, milliseconds=-1))
        assert expire_approvals() == 0
        traveller.shift(timedelta(milliseconds=1))
        with pytest.raises(PairlyError, match="no longer waits"):
            services.approve(approval_id=one.pk, actor_id=decider, reason="Late")
        assert expire_approvals() == 1 and expire_approvals() == 0
        assert mails() == ["kept"]
        one.refresh_from_db()
        assert (one.state, one.decided_by, one.decided_at) == ("expired", None, clock.now())


def test_a_kind_that_is_gone_can_only_be_withdrawn(gift: str) -> None:
    one = ask(gift)
    Approval.objects.filter(pk=one.pk).update(kind="of_old")
    assert post(staff_api("admin"), one, "approve").status_code == 403
    assert post(staff_api("support"), one, "withdraw").status_code == 200


def test_the_page_offers_each_what_they_may_do(gift: str) -> None:
    one = ask(gift)
    page = f"/admin/approvals/approval/{one.pk}/change/"
    support, admin = staff_browser("support"), staff_browser("admin")
    text = support.get(page).content.decode()
    assert "Take your request back" not in text and "/withdraw/" in text
    assert "/approve/" not in text
    text = admin.get(page).content.decode()
    assert "/approve/" in text and "/reject/" in text and "/withdraw/" not in text
    assert "A gift for trial" in admin.get("/admin/approvals/approval/").content.decode()
    assert "Waiting for you" in admin.get("/admin/").content.decode()
    assert "Waiting for you" not in support.get("/admin/").content.decode()
    assert staff_browser("moderator").get(page).status_code == 403

    assert "This field is required" in press(admin, one, "approve", reason="").content.decode()
    assert press(support, one, "approve").status_code == 403
    assert mails() == []
    assert "HX-Redirect" in press(admin, one, "approve")
    assert mails() == ["given"]
    text = admin.get(page).content.decode()
    assert "Looked at it" in text and "admin@example.org" in text
    assert "/approve/" not in text


def test_an_old_second_factor_is_asked_for_again(gift: str, settings: Any) -> None:
    one, admin, browser = ask(gift), staff_api("admin"), staff_browser("finance")
    settings.STEP_UP_SECONDS = -1
    for what in ("approve", "reject"):
        assert post(admin, one, what).json()["code"] == "second_factor_required"
        assert "second-factor" in press(browser, one, what)["HX-Redirect"]
    assert mails() == []


@pytest.mark.mongodb
def test_lists_come_out_of_an_index(gift: str) -> None:
    for number in range(60):
        one = ask(gift)
        if number % 3:
            Approval.objects.filter(pk=one.pk).update(state="rejected")
    assert_uses_index(in_state().order_by("-id")[:10], documents_max=12)
    assert_uses_index(in_state().filter(expires_at__lte=clock.now()).order_by("expires_at")[:10])
    assert_uses_index(waiting_for(new_staff("admin"))[:10], documents_max=40)
