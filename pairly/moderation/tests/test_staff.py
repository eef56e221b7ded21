"""The queue on the staff site and over the staff routes: seen, decided, refused, audited."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from pairly.accounts.models import Report, User
from pairly.accounts.tests.callers import Person
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.moderation.classifier import rules
from pairly.moderation.models import Case, RuleSet
from pairly.moderation.selectors import ORDERING, cases_about, cases_in
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from tests.explain import assert_uses_index

SUBMIT = {"_form_submitted": "True"}
PAGE = "/admin/moderation/case/"


def write(sender: Person, receiver: Person, text: str) -> dict[str, Any]:
    conversation = sender.api.post("conversations", user_id=receiver.id).json()["id"]
    wish = {"client_id": uuid4().hex, "kind": "text", "text": text}
    answer = sender.api.post(f"conversations/{conversation}/messages", **wish)
    assert answer.status_code == 201, answer.json()
    message: dict[str, Any] = answer.json()
    return message


@pytest.fixture
def people(join: Any) -> tuple[Person, Person]:
    return join("Ava"), join("Ben")


def press(browser: Client, case: Case, action: str, **fields: Any) -> Any:
    address = f"{PAGE}{case.pk}/{action}/"
    return browser.post(address, {**SUBMIT, **fields}, headers={"HX-Request": "true"})


def is_done(answer: Any) -> bool:
    return answer.status_code == 200 and "HX-Redirect" in answer


@pytest.mark.mongodb
def test_a_case_is_decided_on_the_page(people: Any) -> None:
    ava, ben = people
    message = write(ava, ben, "I will kill you, dear")
    report = {"target_type": "message", "target_id": message["id"], "reason": "violence"}
    assert ben.api.post("reports", **report, details="He means it.").status_code == 201
    case = Case.objects.get()
    moderator, support, finance = map(staff_browser, ("moderator", "support", "finance"))
    listed = moderator.get(PAGE).content.decode()
    assert "Violence" in listed and "1 report, classifier, 60 points" in listed
    assert "I will kill you" not in listed

    shown = moderator.get(f"{PAGE}{case.pk}/change/").content.decode()
    for words in ("I will kill you, dear", "He means it.", ava.email, "Resolve", "Dismiss"):
        assert words in shown, words
    looks = AuditEntry.objects.filter(action="case.viewed", target_id=str(case.pk))
    assert looks.count() == 1
    # Who decides nothing and reads nothing private sees that there is a case, and no more.
    shown = support.get(f"{PAGE}{case.pk}/change/").content.decode()
    assert "does not read private content" in shown
    assert "I will kill you" not in shown and "Resolve" not in shown
    assert finance.get(PAGE).status_code == finance.get(f"{PAGE}{case.pk}/change/").status_code
    assert finance.get(PAGE).status_code == 403
    assert press(support, case, "dismiss", reason="x").status_code == 403

    assert "This field is required" in press(moderator, case, "resolve").content.decode()
    assert is_done(press(moderator, case, "take"))
    decided = {"measures": ["hide", "warn"], "reason": "A threat", "text": "Stop it."}
    assert is_done(press(moderator, case, "resolve", **decided))
    case.refresh_from_db()
    assert (case.state, case.measures) == (Report.Status.RESOLVED, "hide, warn")
    shown = moderator.get(f"{PAGE}{case.pk}/change/").content.decode()
    assert "hidden by staff" in shown and "Restore" in shown and "Take" not in shown
    assert "A threat" in shown
    assert moderator.get(PAGE).content.decode().count("I will kill") == 0

    assert is_done(press(moderator, case, "refund", reason="Goodwill"))
    assert ava.api.get("wallet").json()["balance"] == 20
    again = press(moderator, case, "refund", reason="Goodwill")
    assert "HX-Redirect" in again
    assert ava.api.get("wallet").json()["balance"] == 20
    assert is_done(press(moderator, case, "restore", reason="A misunderstanding"))
    page = ben.api.get(f"conversations/{message['conversation_id']}/messages").json()
    assert len(page["results"]) == 1


@pytest.mark.mongodb
def test_the_routes_do_the_same(people: Any, settings: Any) -> None:
    ava, ben = people
    write(ava, ben, "I will kill you")
    ben.api.post("reports", target_type="user", target_id=ava.id, reason="minor")
    api, support = staff_api("moderator"), staff_api("support")
    listed = api.get("/api/v1/staff/reports").json()["results"]
    assert [(one["target_type"], one["reason"]) for one in listed] == [
        ("user", "minor"),
        ("message", "violence"),
    ]
    for query, count in (
        ("target_type=message", 1),
        ("reason=minor", 1),
        ("state=resolved", 0),
        ("assigned=me", 0),
        ("overdue=true", 0),
        ("limit=1", 1),
    ):
        found = api.get(f"/api/v1/staff/reports?{query}").json()
        assert len(found["results"]) == count, query
    case = f"/api/v1/staff/reports/{listed[1]['id']}"
    seen = api.get(case).json()
    assert seen["text"] == "I will kill you"
    (line,) = seen["shown"]["lines"]
    assert line["is_target"] and line["user_id"] == ava.id
    unseen = support.get(case).json()
    assert (unseen["text"], unseen["shown"]) == (None, None)
    assert support.post(f"{case}/take").status_code == 403

    assert api.post(f"{case}/take").json()["state"] == "under_review"
    assert api.get("/api/v1/staff/reports?assigned=me&state=under_review").json()["results"]
    assert api.post(f"{case}/release", {"reason": "Lunch"}).json()["assigned_to_id"] is None
    assert api.post(f"{case}/resolve", {"reason": "x", "measures": []}).status_code == 400
    assert api.post(f"{case}/resolve", {"reason": "x", "measures": ["hang"]}).status_code == 400
    resolved = api.post(f"{case}/resolve", {"reason": "x", "measures": ["hide", "suspend"]})
    assert resolved.json()["state"] == "resolved"
    assert User.objects.get(pk=ava.id).suspended_at is not None
    assert api.post(f"{case}/dismiss", {"reason": "x"}).json()["code"] == "conflict"
    assert api.post(f"{case}/refund", {"reason": "x"}).json() == {"credits": 1}
    settings.STEP_UP_SECONDS = -1
    stale = api.post(f"{case}/refund", {"reason": "x"})
    assert stale.json()["code"] == "second_factor_required"
    assert api.post(f"{case}/restore", {"reason": "x"}).status_code == 200
    assert api.get(f"/api/v1/staff/reports/{uuid4()}").status_code == 404


def test_a_person_is_restricted_and_heard_again(people: Any) -> None:
    ava, ben = people
    api, browser = staff_api("moderator"), staff_browser("moderator")
    address = f"/api/v1/staff/users/{ava.id}"
    restricted = api.post(f"{address}/restrict", {"reason": "Advertises"}).json()
    assert restricted["shadow_restricted_at"] is not None
    shown = browser.get(f"/admin/accounts/user/{ava.id}/change/").content.decode()
    assert "Restricted" in shown and "Lift restriction" in shown
    assert ava.id not in {one["id"] for one in ben.api.get("users").json()["results"]}
    for secret in (ava.api.get("me"), ava.api.get("me/export"), ben.api.get(f"users/{ava.id}")):
        assert "restrict" not in secret.content.decode()
    lifted = browser.post(
        f"/admin/accounts/user/{ava.id}/unrestrict/",
        {**SUBMIT, "reason": "Enough"},
        headers={"HX-Request": "true"},
    )
    assert is_done(lifted)
    assert User.objects.get(pk=ava.id).shadow_restricted_at is None
    actions = AuditEntry.objects.filter(target_id=ava.id, action__in=["user.restricted"])
    assert [one.reason for one in actions] == ["Advertises"]
    staff_id = new_staff("support").pk
    refused = api.post(f"/api/v1/staff/users/{staff_id}/restrict", {"reason": "x"})
    assert refused.status_code == 403
    colleague = browser.get(f"/admin/accounts/user/{staff_id}/change/").content.decode()
    assert "/restrict/" not in colleague and "/unrestrict/" not in colleague


def test_rules_are_tuned_by_who_may_change_settings() -> None:
    page = "/admin/moderation/ruleset/"
    moderator, admin = staff_browser("moderator"), staff_browser("admin")
    assert "Change rules" not in moderator.get(page).content.decode()
    dialog = admin.get(f"{page}change_rules/", headers={"HX-Request": "true"}).content.decode()
    assert "Sexual words" in dialog
    fields: dict[str, Any] = {"flag_score": 30, "block_score": 90, "reason": "Stricter"}
    for name, (each, first) in rules.DEFAULT.points.items():
        fields |= {f"points.{name}": each, f"first.{name}": first}
    fields["points.sexual"] = 33
    sent: Any = {**SUBMIT, **fields}
    answer = admin.post(f"{page}change_rules/", sent, headers={"HX-Request": "true"})
    assert is_done(answer), answer.content
    assert RuleSet.objects.get().points["sexual"] == [33, 25]
    assert "30" in moderator.get(page).content.decode()

    api = staff_api("admin")
    change = {
        "flag_score": 40,
        "block_score": 90,
        "signals": {"sexual": {"points": 15, "first_points": 25}},
        "reason": "As before",
    }
    assert staff_api("moderator").post("/api/v1/staff/moderation/rules", change).status_code == 403
    made = api.post("/api/v1/staff/moderation/rules", change).json()
    assert (made["version"], made["signals"]["sexual"]["points"]) == (2, 15)
    assert AuditEntry.objects.filter(action="moderation_rules.changed").count() == 2


@pytest.mark.mongodb
def test_the_queue_comes_out_of_indexes() -> None:
    author = new_staff("support").pk
    moderator = new_staff("moderator").pk
    kinds, reasons = Case.TargetType.values, Report.Reason.values
    now = clock.now()
    cases = [
        Case(
            open_key=uuid4().hex,
            target_type=kinds[n % len(kinds)],
            target_id=uuid4(),
            author_id=author,
            reason=reasons[n % len(reasons)],
            priority=n % 2,
            state=Report.Status.values[n % 4],
            assigned_to_id=moderator if n % 3 == 0 else None,
            due_at=now + timedelta(minutes=n),
            created_at=now,
        )
        for n in range(400)
    ]
    run_atomic(lambda: Case.objects.bulk_create(cases))
    pending = str(Report.Status.PENDING)
    for queue in (
        cases_in(pending),
        cases_in(pending, target_type=kinds[0]),
        cases_in(pending, reason=reasons[0]),
        cases_in(pending, assigned_to=moderator),
    ):
        assert_uses_index(queue.order_by(*ORDERING)[:10])
    assert_uses_index(cases_about(author)[:10])
    assert_uses_index(Case.objects.filter(open_key__in=[cases[0].open_key]))
    assert_uses_index(Case.objects.filter(target_id=UUID(int=1)))
