"""Staff end, refund and flag calls, see what happened in them, and nothing goes unnoticed."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import pytest

from calling.models import Call
from calling.tests.line import Line, all_is_well
from pairly.audit.models import AuditEntry
from pairly.moderation.models import Case
from pairly.staff.tests.people import staff_api, staff_browser
from tests.clients import Person

pytestmark = pytest.mark.mongodb
BASE = "/api/v1/staff/calls"
WHY = {"reason": "They asked us to"}


def post(api: Any, path: str, body: Any, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"{BASE}/{path}", body, content_type="application/json", headers=headers)


def actions() -> list[str]:
    entries = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    return [one for one in entries if one.startswith("call")]


def test_a_live_call_is_seen_and_ended(line: Line) -> None:
    line.talk()
    api = staff_api("moderator")
    live = api.get(f"{BASE}/live").json()["results"]
    assert [row["id"] for row in live] == [line.call]
    assert post(staff_api("support"), f"{line.call}/end", WHY).status_code == 403
    assert post(api, f"{line.call}/end", {}).status_code == 400
    ended = post(api, f"{line.call}/end", WHY).json()
    assert (ended["status"], ended["end_reason"], ended["credits"]) == ("ended", "moderation", 5)
    assert line.phone.event("call.ended")["data"]["reason"] == "moderation"
    assert post(api, f"{line.call}/end", WHY).status_code == 409
    assert api.get(f"{BASE}/live").json()["results"] == []
    found = api.get(f"{BASE}/{line.call}").json()
    whats = [one["what"] for one in found["moments"]]
    assert whats[:2] == ["invited", "accepted"] and whats[-1] == "ended: moderation"
    assert {one["phase"] for one in found["transfers"]} == {"pending", "post", "void"}
    assert any(one["id"] == f"call:{line.call}:minute:1" for one in found["transfers"])
    assert actions() == ["call.ended", "call.viewed"]
    assert api.get(f"{BASE}/{uuid4()}").status_code == 404


def test_refunds_are_whole_or_in_part_and_never_more(line: Line, settings: Any) -> None:
    settings.CALL_CALLEE_SHARE_PERCENT = 40
    line.talk("video")
    finance = staff_api("finance")
    assert post(finance, f"{line.call}/refund", WHY, "early").json()["code"] == "conflict"
    line.ask(line.phone, "end")
    assert line.ava.wallet()["balance"] == 10
    assert post(staff_api("moderator"), f"{line.call}/refund", WHY, "k").status_code == 403
    too_much = post(finance, f"{line.call}/refund", WHY | {"credits": 11}, "much")
    assert too_much.json()["code"] == "validation_error"
    keyless = post(finance, f"{line.call}/refund", WHY)
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_required")
    part = WHY | {"credits": 3}
    first = post(finance, f"{line.call}/refund", part, "part")
    assert (first.status_code, first.json()["credits"]) == (201, 3)
    assert post(finance, f"{line.call}/refund", part, "part").json() == first.json()
    other = post(finance, f"{line.call}/refund", WHY | {"credits": 4}, "part")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert line.ava.wallet()["balance"] == 13
    rest = post(finance, f"{line.call}/refund", WHY, "rest").json()
    assert rest["credits"] == 7 and line.ava.wallet()["balance"] == 20
    assert post(finance, f"{line.call}/refund", WHY, "again").json()["code"] == "conflict"
    call = Call.objects.get(pk=line.call)
    assert (call.credits, call.refunded) == (10, 10)
    found = staff_api("support").get(f"{BASE}/{line.call}").json()
    groups = [one["id"] for one in found["transfers"] if ":refund:" in one["id"]]
    assert len(groups) == 4  # of each refund a part of the house's and a part of the callee's
    assert [one["credits"] for one in found["refunds"]] == [3, 7]
    assert actions() == ["call.refunded", "call.refunded", "call.viewed"]
    assert all_is_well()


def test_a_flag_a_report_statistics_and_the_export(line: Line) -> None:
    line.talk()
    line.ask(line.phone, "end")
    api = staff_api("moderator")
    flag = WHY | {"user_id": line.ava.id, "category": "harassment"}
    stranger = Person.register(line.url, "Cleo")
    wrong = post(api, f"{line.call}/flag", flag | {"user_id": stranger.id})
    assert wrong.status_code == 400
    assert post(api, f"{line.call}/flag", flag).status_code == 204
    case = Case.objects.get(target_type="call")
    assert (case.target_id, case.author_id) == (UUID(line.call), UUID(line.ava.id))
    # People report calls too: the other one of the two is meant.
    report = {"target_type": "call", "target_id": line.call, "reason": "harassment"}
    assert stranger.http.post("reports", json=report).status_code == 404
    assert line.ben.http.post("reports", json=report).status_code == 201

    line.invite("video")
    line.ask(line.phone, "cancel")
    found = staff_api("analyst").get(f"{BASE}/statistics").json()
    assert [(one["media"], one["end_reason"], one["calls"]) for one in found["groups"]] == [
        ("audio", "completed", 1),
        ("video", "cancelled", 1),
    ]
    counted = [(one["media"], one["calls"], one["answered"]) for one in found["days"]]
    assert counted == [("audio", 1, 1), ("video", 1, 0)]
    today = found["days"][0]["day"]
    page = staff_browser("analyst").get(f"/admin/call-statistics/?first={today}&last={today}")
    assert "2</dd>" in page.content.decode() and "1 (50 %)" in page.content.decode()
    for word in ("Completed", "Cancelled", "Minutes of talking by day", today):
        assert word in page.content.decode()
    assert staff_browser("support").get("/admin/call-statistics/").status_code == 403
    answer: Any = staff_api("finance").get(f"{BASE}/export")
    text = b"".join(answer.streaming_content).decode()
    row, other = csv.DictReader(io.StringIO(text))
    assert (row["end_reason"], row["credits"], row["refunded"]) == ("completed", "5", "0")
    assert other["id"] == line.call
    assert staff_api("moderator").get(f"{BASE}/export").status_code == 403
    assert actions() == ["call.flagged", "calls.exported"]


def test_the_page_of_a_call(line: Line) -> None:
    def offered(*names: str) -> list[str]:
        return [f"{line.call}/{name}/" for name in names]

    line.talk()
    browser = staff_browser("admin")
    listed = browser.get("/admin/calling/call/?now=live").content.decode()
    assert line.ava.email in listed and line.call in listed
    page = browser.get(f"/admin/calling/call/{line.call}/change/").content.decode()
    for text in ("What happened", "last sign of life", "minute:1", *offered("end_now", "flag")):
        assert text in page
    assert offered("refund")[0] not in page
    line.ask(line.phone, "end")
    page = browser.get(f"/admin/calling/call/{line.call}/change/").content.decode()
    assert offered("refund")[0] in page and offered("end_now")[0] not in page
    assert browser.get(f"/admin/calling/call/?q={line.ben.id}").content.decode().count(line.call)
