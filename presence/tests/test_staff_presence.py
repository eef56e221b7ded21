"""Staff see who is here and, audited, when one person was."""

from uuid import uuid4

import pytest

from pairly.audit.models import AuditEntry
from pairly.staff.tests.people import staff_api, staff_browser
from presence.tasks import count_presence
from presence.tests.scene import Scene

pytestmark = pytest.mark.mongodb
BASE = "/api/v1/staff/presence"


def looks() -> list[str]:
    found = AuditEntry.objects.filter(action="presence.viewed")
    return [entry.target_id for entry in found.order_by("id")]


def test_staff_see_who_is_here_and_who_was(scene: Scene) -> None:
    ava, ben = scene.ava, scene.ben
    phone = ava.socket()
    ben.socket().command("presence.set", {"mode": "invisible"})
    scene.wait(seconds=10)
    scene.leave(ava, phone)
    scene.wait(seconds=5)
    ava.sign_in().socket()
    scene.sweep()
    count_presence()
    api = staff_api("moderator")
    assert api.get(BASE).json() == {"online": 1, "busy": 0, "away": 0, "invisible": 1}
    (here,) = api.get(f"{BASE}/people").json()["results"]
    assert (here["user_id"], here["email"], len(here["stays"])) == (ava.id, ava.email, 1)
    (hidden,) = api.get(f"{BASE}/people?status=invisible").json()["results"]
    assert hidden["user_id"] == ben.id
    assert api.get(f"{BASE}/people?status=offline").status_code == 400
    span = "since=2026-03-01T11:00:00Z&until=2026-03-01T13:00:00Z"
    (counted,) = api.get(f"{BASE}/counts?{span}").json()["results"]
    assert (counted["online"], counted["invisible"]) == (1, 1)
    assert api.get(f"{BASE}/counts?{span.replace('03-01T13', '03-09T13')}").status_code == 400
    assert looks() == []
    past = api.get(f"{BASE}/users/{ava.id}").json()
    assert (past["mode"], len(past["stays"])) == ("auto", 1)
    (visit,) = past["past"]
    assert visit["started_at"] == "2026-03-01T12:00:00.000Z"
    assert visit["ended_at"] == "2026-03-01T12:00:15.000Z"
    assert api.get(f"{BASE}/users/{uuid4()}").status_code == 404
    assert looks() == [ava.id]
    # Figures alone for who may not see people.
    analyst = staff_api("analyst")
    assert analyst.get(BASE).status_code == 200
    assert analyst.get(f"{BASE}/people").status_code == 403
    assert analyst.get(f"{BASE}/users/{ava.id}").status_code == 403
    assert staff_api("finance").get(BASE).status_code == 403


def test_the_page_of_presence(scene: Scene) -> None:
    ava = scene.ava
    ava.socket()
    scene.sweep()
    count_presence()
    browser = staff_browser("moderator")
    page = browser.get("/admin/presence/").content.decode()
    assert ava.email in page and "Here in the last 24 hours" in page
    assert looks() == []
    past = browser.get(f"/admin/presence/?person={ava.email}").content.decode()
    assert "still here" in past and looks() == [ava.id]
    assert "no such person" in browser.get("/admin/presence/?person=nobody").content.decode()
    analyst = staff_browser("analyst").get("/admin/presence/").content.decode()
    assert ava.email not in analyst and "Here in the last 24 hours" in analyst
