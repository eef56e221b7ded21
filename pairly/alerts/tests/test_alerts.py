"""Alerts: one open row for each thing that is wrong, and what becomes of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from pairly.alerts.models import Alert
from pairly.alerts.selectors import alerts_in, open_alerts, open_of_kind
from pairly.alerts.services import clear_alert, raise_alert, remove_resolved
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.db import run_atomic
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from tests.explain import assert_uses_index

pytestmark = pytest.mark.mongodb

ROUTE = "/api/v1/staff/alerts"
PAGE = "/admin/alerts/alert/"
AT_ONCE = 6


def wrong(kind: str = "fire", key: str = "", severity: str = "warning") -> Alert:
    words = {"title": f"{kind} in {key or 'the house'}", "details": "Smoke was seen."}
    return raise_alert(kind=kind, key=key, severity=severity, now=clock.now(), **words)


def listed(api: Any, **query: str) -> list[dict[str, Any]]:
    answer = api.get(ROUTE, query)
    assert answer.status_code == 200, answer.json()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def submit(browser: Any, address: str, **fields: str) -> Any:
    headers = {"HX-Request": "true"}
    return browser.post(f"{address}/", {"_form_submitted": "True", **fields}, headers=headers)


def at_once(do: Any) -> None:
    barrier = Barrier(AT_ONCE)

    def run(_number: int) -> None:
        barrier.wait()
        try:
            do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(run, range(AT_ONCE)))


def test_what_is_wrong_again_and_again_is_one_alert_until_it_is_over() -> None:
    api = staff_api("analyst")
    with time_machine.travel(clock.now(), tick=False) as moment:
        first = wrong()
        moment.shift(timedelta(minutes=5))
        again = wrong(severity="critical")
        assert (again.pk, again.count) == (first.pk, 2)
        assert again.last_seen_at - again.first_seen_at == timedelta(minutes=5)
        other = wrong(key="kitchen")
        (second, newest) = sorted(listed(api), key=lambda one: one["key"])
        assert [newest["id"], second["id"]] == [str(other.pk), str(first.pk)]
        assert (second["severity"], second["count"], second["state"]) == ("critical", 2, "open")
        assert [one.pk for one in open_alerts()] == [first.pk, other.pk]

        assert clear_alert(kind="fire", key="", now=clock.now()) is True
        assert clear_alert(kind="fire", key="", now=clock.now()) is False
        (over,) = listed(api, state="resolved")
        assert (over["id"], over["resolved_by_id"]) == (str(first.pk), None)
        assert wrong().pk != first.pk
    assert api.get(ROUTE, {"state": "odd"}).status_code == 400


def test_two_who_raise_the_same_at_once_make_one_row() -> None:
    at_once(wrong)
    assert [(one.kind, one.count) for one in Alert.objects.all()] == [("fire", AT_ONCE)]

    def inside() -> None:
        run_atomic(lambda: [wrong(key=key) for key in ("kitchen", "attic")])

    at_once(inside)
    inside_rows = Alert.objects.exclude(key="").order_by("key")
    assert [(one.key, one.count) for one in inside_rows] == [
        ("attic", AT_ONCE),
        ("kitchen", AT_ONCE),
    ]


def test_an_alert_falls_with_the_transaction_that_raised_it() -> None:
    def fail() -> None:
        wrong()
        raise LookupError

    with pytest.raises(LookupError):
        run_atomic(fail)
    assert not Alert.objects.exists()


def test_staff_acknowledge_and_resolve_and_the_audit_log_says_who() -> None:
    api, watcher = staff_api("admin"), staff_api("analyst")
    alert = wrong()
    one = f"{ROUTE}/{alert.pk}"
    why = {"reason": "I am on it"}
    assert watcher.post(f"{one}/acknowledge", why).status_code == 403
    assert api.post(f"{one}/acknowledge", {"reason": " "}).status_code == 400
    taken = api.post(f"{one}/acknowledge", why)
    assert (taken.status_code, taken.json()["state"]) == (200, "open")
    assert taken.json()["acknowledged_by_id"] == str(new_staff("admin").pk)
    assert api.post(f"{one}/acknowledge", why).json()["code"] == "conflict"
    assert wrong().count == 2

    over = api.post(f"{one}/resolve", {"reason": "Put out"}).json()
    assert (over["state"], over["note"]) == ("resolved", "Put out")
    assert over["resolved_by_id"] == str(new_staff("admin").pk)
    for step in ("acknowledge", "resolve"):
        assert api.post(f"{one}/{step}", why).status_code == 409
    missing = f"{ROUTE}/0199b1d5-c2f6-7d0a-a1d6-a0f5b0f6f2f1/resolve"
    assert api.post(missing, why).status_code == 404
    entries = AuditEntry.objects.filter(target_type="alert", target_id=str(alert.pk))
    assert list(entries.order_by("id").values_list("action", "reason")) == [
        ("alert.acknowledged", "I am on it"),
        ("alert.resolved", "Put out"),
    ]


def test_only_one_of_those_who_resolve_at_once_did() -> None:
    alert, actor = wrong(), new_staff("admin")
    answers: list[int] = []
    api = staff_api("admin")

    def resolve() -> None:
        answers.append(api.post(f"{ROUTE}/{alert.pk}/resolve", {"reason": "Out"}).status_code)

    at_once(resolve)
    assert sorted(answers) == [200] + [409] * (AT_ONCE - 1)
    assert AuditEntry.objects.filter(action="alert.resolved", actor_id=actor.pk).count() == 1


def test_the_pages_of_alerts() -> None:
    wrong(key="attic")
    alert = wrong(severity="critical")
    boss, watcher = staff_browser("admin"), staff_browser("analyst")
    page = f"{PAGE}{alert.pk}"
    home = watcher.get("/admin/home-figures/").content.decode()
    assert home.index("fire in the house") < home.index("fire in attic")
    assert "/acknowledge" not in watcher.get(f"{page}/change/").content.decode()
    assert submit(watcher, f"{page}/resolve", reason="Out").status_code == 403
    shown = boss.get(f"{page}/change/").content.decode()
    assert f"{page}/acknowledge" in shown and "Smoke was seen." in shown

    assert "HX-Redirect" in submit(boss, f"{page}/acknowledge", reason="Mine")
    shown = boss.get(f"{page}/change/").content.decode()
    assert "/acknowledge" not in shown and "admin@example.org" in shown
    assert "looked after" in boss.get("/admin/").content.decode()
    assert "HX-Redirect" in submit(boss, f"{page}/resolve", reason="Out")
    assert str(alert.pk) not in boss.get(PAGE).content.decode()
    assert str(alert.pk) in boss.get(PAGE, {"in": "resolved"}).content.decode()
    assert "fire in the house" not in boss.get("/admin/home-figures/").content.decode()
    nobody = staff_browser("finance")
    assert "fire in attic" not in nobody.get("/admin/").content.decode()


def test_resolved_alerts_are_kept_for_a_while(settings: Any) -> None:
    settings.ALERT_KEEP_RESOLVED_DAYS = 30
    with time_machine.travel(clock.now(), tick=False) as moment:
        for key in ("attic", "kitchen"):
            wrong(key=key)
        clear_alert(kind="fire", key="attic", now=clock.now())
        moment.shift(timedelta(days=29))
        assert remove_resolved(now=clock.now()) == 0
        moment.shift(timedelta(days=1))
        assert remove_resolved(now=clock.now()) == 1
    assert [one.key for one in Alert.objects.all()] == ["kitchen"]


def test_alerts_are_found_by_their_indexes() -> None:
    for number in range(120):
        wrong(kind=f"kind {number % 3}", key=str(number))
        if number % 4:
            clear_alert(kind=f"kind {number % 3}", key=str(number), now=clock.now())
    for state in Alert.State:
        assert_uses_index(alerts_in(state).order_by("-id")[:10], documents_max=12)
    assert_uses_index(open_of_kind("kind 1").filter(key="4"))
    assert_uses_index(Alert.objects.filter(resolved_at__lte=clock.now() - timedelta(days=1))[:9])
