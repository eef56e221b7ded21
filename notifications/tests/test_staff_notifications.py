"""What staff see and do: over REST and on their site, by the same services."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from messaging.tests.people import make_people
from notifications.broadcasts.services import send_due
from notifications.channels import Outcome, Result
from notifications.models import Broadcast, Delivery, Notification
from notifications.preferences.services import change_preferences
from notifications.services.telling import Wish, notify
from notifications.tests.senders import Recorder, pass_time
from pairly.accounts.models import User
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff, staff_api, staff_browser

BASE = "/api/v1/staff/notifications"
PAGES = "/admin/notifications"
DEAD = Result(Outcome.PERMANENT, "no such token")


def submit(browser: Client, address: str, **fields: Any) -> Any:
    headers = {"HX-Request": "true"}
    return browser.post(address, {"_form_submitted": "True", **fields}, headers=headers)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def of_people(sender: Recorder) -> list[UUID]:
    """Without what staff are told of their own signing in."""
    return [one.delivery_id for one in sender.sent if one.kind == "security.password_changed"]


@pytest.fixture
def dead(push: Recorder, mail: Recorder) -> Delivery:
    (user_id,) = make_people(1, credits=0)
    push.answers.append(DEAD)
    notify([Wish(user_id=user_id, kind="security.password_changed", dedupe_key="1")])
    pass_time()
    return Delivery.objects.get(channel="push")


@pytest.mark.mongodb
def test_dead_letters_are_seen_and_sent_again(dead: Delivery, push: Recorder) -> None:
    api = staff_api("support")
    (row,) = api.get(f"{BASE}?state=dead").json()["results"]
    assert (row["id"], row["detail"]) == (str(dead.pk), "no such token")
    assert len(api.get(f"{BASE}?user_id={dead.user_id}").json()["results"]) == 3
    found = api.get(f"{BASE}/{dead.pk}").json()
    assert found["title"] == "Your password was changed"
    (told,) = api.get(f"{BASE}/people/{dead.user_id}").json()
    assert {one["channel"]: one["state"] for one in told["deliveries"]} == {
        "in_app": "sent",
        "email": "sent",
        "push": "dead",
    }
    counted = api.get(f"{BASE}/statistics?days=7").json()
    assert {"kind": dead.kind, "channel": "push", "state": "dead", "reason": "", "count": 1} in (
        counted
    )
    assert api.post(f"{BASE}/{dead.pk}/replay", {}).status_code == 400
    again = api.post(f"{BASE}/{dead.pk}/replay", {"reason": "Mended"})
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    assert api.post(f"{BASE}/{dead.pk}/replay", {"reason": "x"}).status_code == 409
    push.answers.append(DEAD)
    pass_time()
    assert api.post(f"{BASE}/replay-dead", {"reason": "All"}).json() == {"replayed": 1}
    pass_time()
    assert of_people(push) == [dead.pk]
    assert (Delivery.objects.get(pk=dead.pk).state, Delivery.objects.get(pk=dead.pk).replays) == (
        "sent",
        2,
    )
    assert [one for one in actions() if one.startswith(("delivery", "notifications"))] == [
        *("delivery.viewed", "notifications.viewed"),
        *("delivery.replayed", "delivery.replayed"),
    ]
    assert staff_api("analyst").get(BASE).status_code == 403
    assert staff_api("moderator").post(f"{BASE}/{dead.pk}/replay").status_code == 403


def test_the_pages_show_the_same(dead: Delivery, push: Recorder) -> None:
    browser = staff_browser("support")
    page = browser.get(f"{PAGES}/delivery/?state__exact=dead").content.decode()
    assert "Password changed" in page and "Dead letter" in page
    page = browser.get(f"{PAGES}/delivery/{dead.pk}/change/").content.decode()
    assert "What this person was told lately" in page and "Replay" in page
    address = f"{PAGES}/delivery/{dead.pk}/replay/"
    assert "HX-Redirect" not in submit(browser, address)
    assert "HX-Redirect" in submit(browser, address, reason="Mended")
    pass_time()
    assert of_people(push) == [dead.pk]
    assert "HX-Redirect" in submit(
        browser, f"{PAGES}/delivery/replay_all_dead/", reason="All", channel=""
    )
    page = browser.get("/admin/notification-statistics/?days=7").content.decode()
    assert "Password changed" in page
    for language, word in (("en", "Missed call from Ava"), ("hi", "मिस्ड कॉल")):
        address = f"/admin/notification-texts/?kind=call.missed&language={language}"
        assert word in browser.get(address).content.decode()
    page = browser.get("/admin/notification-texts/?kind=call.missed").content.decode()
    assert "&lt;h1" in page and page.count("<h1>") == 0
    mail = browser.get("/admin/notification-texts/?mail=1&kind=call.missed")
    assert "<h1" in mail.content.decode()
    assert "default-src 'none'" in mail["Content-Security-Policy"]
    assert "sandbox" in mail["Content-Security-Policy"]
    sent = submit(browser, "/admin/notification-texts/?try=1&kind=call.missed", channel="push")
    assert "HX-Redirect" in sent
    assert push.sent[-1].user_id == new_staff("support").pk
    assert "notification_text.tried" in actions()
    assert staff_browser("finance").get("/admin/notification-texts/").status_code == 403


def test_every_text_can_be_looked_at_in_every_language(mail: Recorder) -> None:
    api = staff_api("support")
    texts = api.get(f"{BASE}/texts").json()
    assert len(texts) == 17
    for text in texts:
        for language, version in text["versions"].items():
            shown = api.get(f"{BASE}/texts/{text['kind']}?language={language}").json()
            assert shown["version"] == version and version.startswith(f"{language}-")
            assert shown["title"] and shown["body"] in shown["text"].replace("\n\n", "\n")
            assert "{{" not in str(shown) and "{%" not in str(shown)
            assert f'<html lang="{language}">' in shown["html"]
    assert api.get(f"{BASE}/texts/none").status_code == 404
    tried = api.post(f"{BASE}/texts/digest/test", {"channel": "email", "language": "hi"})
    assert tried.json() == {"outcome": "sent", "detail": "taken"}
    assert mail.sent[0].html
    assert staff_api("moderator").post(f"{BASE}/texts/digest/test").status_code == 403


def wish(**fields: Any) -> dict[str, Any]:
    text = {"kind": "announcement.service", "title": "News", "body": "Of tonight", "reason": "So"}
    return {**text, **fields}


@pytest.mark.mongodb
def test_a_broadcast_goes_out_by_two_people_at_its_pace(
    mail: Recorder, push: Recorder, travelled: time_machine.Traveller
) -> None:
    *people, shut_out = make_people(26, credits=0)
    User.objects.filter(pk__in=[*people[:20], shut_out]).update(country="IN")
    User.objects.filter(pk=shut_out).update(suspended_at=clock.now())
    change_preferences(user_id=people[0], language="hi")
    author, boss = staff_api("admin"), staff_api("superadmin")
    body = wish(
        segment={"country": "IN", "min_age": 20},
        per_minute=8,
        title_hi="समाचार",
        body_hi="आज रात के",
    )
    shown = author.post(f"{BASE}/broadcasts/preview", body).json()
    assert (shown["people"], shown["preview"]["title"]) == (20, "News")
    made = author.post(f"{BASE}/broadcasts", body)
    assert (made.status_code, made.json()["people"]) == (201, 20)
    one = Broadcast.objects.get(pk=made.json()["id"])
    assert send_due(clock.now()) == 0
    (waiting,) = boss.get("/api/v1/staff/approvals").json()["results"]
    approve = f"/api/v1/staff/approvals/{waiting['id']}/approve"
    keys = {"Idempotency-Key": str(new_id())}
    assert author.post(approve, {"reason": "I"}, headers=keys).status_code == 403
    keys = {"Idempotency-Key": str(new_id())}
    assert boss.post(approve, {"reason": "Good"}, headers=keys).status_code == 200

    assert [send_due(clock.now()) for _ in range(2)] == [8, 0]
    travelled.shift(timedelta(seconds=60))
    assert send_due(clock.now()) == 8
    # As after a crash between telling and noting it: nobody is told twice.
    Broadcast.objects.filter(pk=one.pk).update(last_user_id=None, told=0)
    for _ in range(4):
        travelled.shift(timedelta(seconds=60))
        send_due(clock.now())
    one.refresh_from_db()
    assert (one.state, one.told, one.due_at) == ("done", 20, None)
    told = Notification.objects.filter(kind="announcement.service")
    assert set(told.values_list("user_id", flat=True)) == set(people[:20])
    assert told.count() == 20
    assert told.get(user_id=people[0]).title == "समाचार"


@pytest.mark.mongodb
def test_a_broadcast_is_refused_dropped_and_stopped(mail: Recorder, push: Recorder) -> None:
    make_people(12, credits=0)
    author, boss = staff_api("admin"), staff_api("superadmin")
    for bad in (
        {"kind": "security.new_sign_in"},
        {"title": " "},
        {"title_hi": "समाचार"},
        {"per_minute": 10**9},
        {"segment": {"country": "India"}},
    ):
        assert author.post(f"{BASE}/broadcasts", wish(**bad)).status_code == 400, bad
    assert staff_api("support").post(f"{BASE}/broadcasts", wish()).status_code == 403
    made = [author.post(f"{BASE}/broadcasts", wish(per_minute=5)).json()["id"] for _ in range(2)]
    waiting = boss.get("/api/v1/staff/approvals").json()["results"]
    for one in waiting:
        what = "approve" if one["target_id"] == made[0] else "reject"
        keys = {"Idempotency-Key": str(new_id())}
        address = f"/api/v1/staff/approvals/{one['id']}/{what}"
        assert boss.post(address, {"reason": "So"}, headers=keys).status_code == 200
    assert send_due(clock.now()) == 5
    stop = f"{BASE}/broadcasts/{made[0]}/stop"
    assert author.post(stop, {"reason": "A slip"}).json()["state"] == "stopped"
    assert author.post(stop, {"reason": "A slip"}).status_code == 409
    assert send_due(clock.now() + timedelta(hours=1)) == 0
    assert Notification.objects.count() == 5
    states = {row["id"]: row["state"] for row in boss.get(f"{BASE}/broadcasts").json()["results"]}
    assert states == {made[0]: "stopped", made[1]: "dropped"}
    assert boss.get(f"{BASE}/broadcasts/{made[1]}").json()["told"] == 0
    assert "broadcast.stopped" in actions()
    browser = staff_browser("admin")
    page = browser.get(f"{PAGES}/broadcast/").content.decode()
    assert "Stopped" in page and "Not approved" in page
    asked = submit(
        browser,
        f"{PAGES}/broadcast/write/",
        kind="announcement.offer",
        title="More",
        body="Credits",
        country="in",
        reason="Weekend",
    )
    assert "HX-Redirect" in asked
    newest = Broadcast.objects.order_by("-id")[0]
    assert (newest.country, newest.state, newest.people) == ("IN", "waiting", 0)
    assert (
        "Everywhere" not in browser.get(f"{PAGES}/broadcast/{newest.pk}/change/").content.decode()
    )
