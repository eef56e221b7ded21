"""Blocks, reports, suspension and leaving."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from pairly.accounts import report_targets, selectors
from pairly.accounts.models import Block, Report, User
from pairly.accounts.services import block, give_role, restore_user, suspend_user, sync_roles
from pairly.accounts.tests.callers import codes_of, login
from pairly.audit.models import AuditEntry
from pairly.core import clock as core_clock
from pairly.core.db import run_atomic
from pairly.core.errors import Conflict, NotFound, ValidationFailed
from pairly.moderation import subjects
from pairly.outbox.dispatch import dispatch_all
from pairly.outbox.registry import registry
from pairly.realtime.models import Event
from pairly.realtime.services import announce


def active(user_ids: list[UUID]) -> set[UUID]:
    return selectors.standings_of(user_ids, core_clock.now()).active


@pytest.mark.mongodb
def test_blocking_is_idempotent_and_announced_once(
    join: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pairly.accounts.events import UserBlocked, UserUnblocked

    heard: list[str] = []
    for kind in (UserBlocked, UserUnblocked):
        monkeypatch.setitem(
            registry._inside, kind, [lambda events: heard.extend(type(e).__name__ for e in events)]
        )
    ava, ben = join("Ava"), join("Ben")
    for _ in range(2):
        assert ava.api.put(f"blocks/{ben.id}").status_code == 204
    blocks = ava.api.get("blocks").json()
    assert [one["user_id"] for one in blocks["results"]] == [ben.id]
    assert blocks["results"][0]["display_name"] == "Ben" and blocks["next"] is None
    assert ben.api.get("blocks").json()["results"] == []
    assert selectors.is_blocked_between(UUID(ben.id), UUID(ava.id))
    for _ in range(2):
        assert ava.api.delete(f"blocks/{ben.id}").status_code == 204
    assert not selectors.is_blocked_between(UUID(ben.id), UUID(ava.id))
    assert heard == ["UserBlocked", "UserUnblocked"]


@pytest.mark.mongodb
def test_blocking_at_once_makes_one_block(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    blocker = User.objects.get(pk=ava.id)
    failures: list[Exception] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        try:
            block(blocker=blocker, blocked_id=UUID(ben.id))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and Block.objects.count() == 1


def test_whom_one_cannot_block(join: Any, settings: Any) -> None:
    ava, ben, cleo = join("Ava"), join("Ben"), join("Cleo")
    myself = ava.api.put(f"blocks/{ava.id}")
    assert myself.status_code == 400 and codes_of(myself) == {("user_id", "self")}
    assert ava.api.put(f"blocks/{uuid4()}").status_code == 404
    ben.api.put(f"blocks/{ava.id}")
    assert ava.api.put(f"blocks/{ben.id}").status_code == 204
    settings.BLOCKS_PER_USER_MAX = 1
    assert ava.api.put(f"blocks/{cleo.id}").status_code == 409


@pytest.mark.mongodb
def test_a_report_goes_to_the_queue_once(join: Any) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False):
        ava, ben = join("Ava"), join("Ben")
        body = {"target_type": "user", "target_id": ben.id, "reason": "harassment"}
        first = ava.api.post("reports", **body, details="rude")
        again = ava.api.post("reports", **{**body, "reason": "spam"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json() and first.json()["status"] == "pending"
        report = Report.objects.get()
        assert report.due_at - core_clock.now() == timedelta(hours=24)
        ben.api.post("reports", target_type="user", target_id=ava.id, reason="minor")
        urgent = Report.objects.get(reason="minor")
        assert urgent.due_at - core_clock.now() == timedelta(hours=1)


class MessageOf(subjects.Subject):
    """Stands in for the app that has messages: each is of this author."""

    def __init__(self, author_id: UUID) -> None:
        self._author_id = author_id

    def author_of(self, target_id: UUID, reporter_id: UUID) -> UUID:
        return self._author_id

    def text_of(self, target_id: UUID) -> str:
        return "hello"


def test_reports_that_are_refused(join: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ava, ben = join("Ava"), join("Ben")
    message_id = uuid4()
    monkeypatch.setitem(
        report_targets._targets,
        "message",
        lambda reporter_id, target_id: (str(reporter_id), target_id) == (ava.id, message_id),
    )
    monkeypatch.setitem(subjects._subjects, "message", MessageOf(UUID(ben.id)))
    body = {"target_type": "message", "target_id": str(message_id), "reason": "spam"}
    assert ava.api.post("reports", **body).status_code == 201
    assert ben.api.post("reports", **body).status_code == 404
    nobody = {**body, "target_type": "user", "target_id": str(uuid4())}
    assert ava.api.post("reports", **nobody).status_code == 404
    myself = ava.api.post("reports", **{**nobody, "target_id": ava.id})
    assert codes_of(myself) == {("target_id", "self")}
    wrong = ava.api.post("reports", target_type="post", target_id="x", reason="dull")
    assert {field for field, _code in codes_of(wrong)} == {"target_type", "target_id", "reason"}


@pytest.mark.mongodb
def test_a_suspended_account_is_refused_at_once(
    guest: Any, join: Any, closed_sockets: list[Any]
) -> None:
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False) as clock:
        ava, ben = join("Ava"), join("Ben")
        ava_id = UUID(ava.id)
        until = core_clock.now() + timedelta(days=7)
        suspend_user(actor_id=UUID(ben.id), user_id=ava_id, reason="rude", until=until)

        assert (ava_id, 4403, None) in closed_sockets
        refused = ava.api.get("me")
        assert refused.status_code == 403 and refused.json()["code"] == "permission_denied"
        assert "2026-01-08T12:00:00.000Z" in refused.json()["detail"]
        assert login(guest, ava.email).status_code == 403
        assert login(guest, ava.email, "not-my-password").status_code == 401
        assert ben.api.get(f"users/{ava.id}").status_code == 404
        assert ben.api.get("users").json()["results"] == []
        assert active([ava_id, UUID(ben.id), uuid4()]) == {UUID(ben.id)}

        clock.shift(7 * 24 * 3600)
        assert ava.api.get("me").status_code == 200
        assert active([ava_id]) == {ava_id}
        with pytest.raises(Conflict):
            restore_user(actor_id=None, user_id=ava_id, reason="over anyway")


@pytest.mark.mongodb
def test_suspending_and_restoring_is_audited(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    actor = UUID(ben.id)
    with pytest.raises(ValidationFailed):
        suspend_user(actor_id=actor, user_id=UUID(ava.id), reason=" ")
    with pytest.raises(NotFound):
        suspend_user(actor_id=actor, user_id=uuid4(), reason="spam")
    suspend_user(actor_id=actor, user_id=UUID(ava.id), reason="spam", request_id="r1")
    restore_user(actor_id=actor, user_id=UUID(ava.id), reason="a mistake", request_id="r2")
    assert ava.api.get("me").status_code == 200
    entries = list(AuditEntry.objects.order_by("id"))
    assert [(e.action, e.actor_id, e.reason, e.request_id) for e in entries] == [
        ("user.suspended", actor, "spam", "r1"),
        ("user.restored", actor, "a mistake", "r2"),
    ]
    assert entries[0].after == entries[1].before


@pytest.mark.mongodb
def test_leaving_removes_what_names_a_person(
    guest: Any, join: Any, mailed: Any, closed_sockets: list[Any]
) -> None:
    ava, ben = join("Ava", country="IN"), join("Ben")
    mailed(ava.email)
    ava.api.patch("me", bio="Hills.")
    ava.api.put(f"blocks/{ben.id}")
    for name in ("x.jpg", "left-by-a-crash.jpg"):
        default_storage.save(f"photos/{ava.id}/{name}", SimpleUploadedFile(name, b"x"))
    User.objects.filter(pk=ava.id).update(photo=f"photos/{ava.id}/x.jpg")
    run_atomic(lambda: announce([UUID(ava.id)], "wallet.updated", {}, core_clock.now()))
    logged = Event.objects.filter(id__startswith=UUID(ava.id).hex)
    assert logged.exists()

    assert ava.api.delete("me").status_code == 400
    wrong = ava.api.delete("me", password="not-my-password")
    assert wrong.status_code == 400 and codes_of(wrong) == {("password", "wrong_password")}
    assert ava.api.delete("me", password="quiet-harbour-42").status_code == 204

    assert (UUID(ava.id), 4401, None) in closed_sockets
    assert ava.api.get("me").status_code == 401
    assert login(guest, ava.email).status_code == 401
    assert ben.api.get(f"users/{ava.id}").status_code == 404
    assert ben.api.get("users").json()["results"] == []
    row = User.objects.get(pk=ava.id)
    assert row.birth_date is None and not row.has_usable_password()
    left = str([value for name, value in vars(row).items() if name != "password"])  # by chance
    assert not any(word in left for word in (ava.email, "Ava", "Hills", "IN'"))
    dispatch_all()
    assert default_storage.listdir(f"photos/{ava.id}")[1] == []
    assert not logged.exists()
    assert active([UUID(ava.id)]) == set()
    assert selectors.user_exists(UUID(ava.id))
    again = guest.post(
        "auth/register",
        email=ava.email,
        password="quiet-harbour-42",
        display_name="Ava",
        birth_date="1995-06-15",
    )
    assert again.status_code == 201 and again.json()["user"]["id"] != ava.id


@pytest.mark.mongodb
def test_the_last_superadmin_can_neither_leave_nor_be_suspended(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    sync_roles()
    for person in (ava, ben):
        give_role(user_id=UUID(person.id), role="superadmin", actor_id=None, reason="start")
    assert ava.api.delete("me", password="quiet-harbour-42").status_code == 204
    left = AuditEntry.objects.filter(target_id=ava.id).order_by("-id")[0]
    assert (left.actor_id, left.after) == (UUID(ava.id), '{"roles":[]}')
    assert ben.api.delete("me", password="quiet-harbour-42").status_code == 409
    assert ben.api.get("me").status_code == 200
    with pytest.raises(Conflict):
        suspend_user(actor_id=None, user_id=UUID(ben.id), reason="spam")
