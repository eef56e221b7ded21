"""The way into the staff site, as a browser walks it."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.test import Client

from pairly.accounts.models import Device, TotpDevice, User
from pairly.accounts.second_factor import codes
from pairly.accounts.services import suspend_user
from pairly.core import clock
from pairly.staff.tests.people import (
    PASSWORD,
    enrol_in_browser,
    new_staff,
    signed_in_browser,
    staff_browser,
    staff_code,
)

START = "2026-03-01T12:00:00Z"


def code_of(secret: str, later: int = 0) -> str:
    return codes.code_of_step(base64.b32decode(secret), codes.step_at(clock.now()) + later)


def sentences(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.mongodb
def test_a_new_member_of_staff_enrols_and_comes_back() -> None:
    with time_machine.travel(START, tick=False) as now:
        admin = new_staff("admin")
        browser = Client()
        first = browser.get("/admin/", follow=True)
        assert first.redirect_chain == [("/admin/login/?next=/admin/", 302)]
        values = {"email": admin.email, "password": PASSWORD}
        answer = browser.post("/admin/login/", {**values, "next": "/admin/"}, follow=True)
        assert [url for url, _status in answer.redirect_chain] == [
            "/admin/second-factor/",
            "/admin/second-factor/enrol/",
        ]
        secret = enrol_in_browser(browser)
        assert enrol_in_browser(browser) == secret  # looking again changes nothing
        assert "<svg" in sentences(answer) and "style=" not in sentences(answer).split("<svg")[1]

        wrong = browser.post("/admin/second-factor/enrol/", {"code": "000000"})
        assert "This is not the code." in sentences(wrong)
        assert browser.get("/admin/").status_code == 302
        done = browser.post("/admin/second-factor/enrol/", {"code": code_of(secret)})
        assert sentences(done).count("<code>") == 10
        assert browser.get("/admin/").status_code == 200

        assert browser.post("/admin/logout/").status_code == 302
        assert browser.get("/admin/").status_code == 302
        now.shift(30)
        again = signed_in_browser(admin.email)
        assert again.get("/admin/second-factor/").status_code == 200
        repeated = again.post("/admin/second-factor/", {"code": code_of(secret, -1)})
        assert "This code was used." in sentences(repeated)
        assert again.post("/admin/second-factor/", {"code": code_of(secret)}).status_code == 302
        assert again.get("/admin/").status_code == 200
        names = Device.objects.filter(user=admin).values_list("name", flat=True)
        assert set(names) == {"Staff site"}


def test_the_page_goes_where_it_was_asked_to_and_nowhere_else() -> None:
    admin = new_staff("admin")
    code = staff_code(admin.email)
    browser = Client()
    values = {"email": admin.email, "password": PASSWORD}
    wanted = "/admin/password_change/?x=1"
    answer = browser.post("/admin/login/", {**values, "next": wanted})
    assert unquote(answer["Location"]) == f"/admin/second-factor/?next={wanted}"
    answer = browser.post("/admin/second-factor/", {"code": code, "next": wanted})
    assert answer["Location"] == wanted
    for elsewhere in ("https://example.org/", "//example.org", "javascript:alert(1)"):
        other = Client().post("/admin/login/", {**values, "next": elsewhere})
        assert other["Location"] == "/admin/second-factor/"


def test_members_and_strangers_learn_nothing(join: Any, rate_limits: None) -> None:
    ava = join()
    for email, password in (
        (ava.email, "quiet-harbour-42"),
        (ava.email, "wrong-password"),
        ("nobody@example.org", "wrong-password"),
    ):
        answer = Client().post("/admin/login/", {"email": email, "password": password})
        assert answer.status_code == 200
        assert "E-mail or password is wrong." in sentences(answer)
    assert Device.objects.count() == 1

    for _ in range(5):
        Client().post("/admin/login/", {"email": "root@example.org", "password": "guess"})
    limited = Client().post("/admin/login/", {"email": "root@example.org", "password": "guess"})
    assert "Too many requests." in sentences(limited)


def test_the_door_does_not_tell_a_members_right_password_by_its_lock(
    join: Any, settings: Any
) -> None:
    settings.SIGN_IN_FAILURES_MAX = 3
    for name, password in (("Ava", "quiet-harbour-42"), ("Ben", "wrong-password")):
        values = {"email": join(name).email, "password": password}
        told = [sentences(Client().post("/admin/login/", values)) for _ in range(4)]
        assert all("E-mail or password is wrong." in one for one in told[:3])
        assert "Too many failed sign-ins." in told[3], name


@pytest.mark.mongodb
def test_an_ended_sign_in_ends_the_session() -> None:
    browsers = [staff_browser("admin"), staff_browser("admin")]
    admin = User.objects.get()
    first, second = Device.objects.order_by("id")
    Device.objects.filter(pk=first.pk).update(ended_at=clock.now())
    assert browsers[0].get("/admin/").status_code == 302
    assert browsers[1].get("/admin/").status_code == 200

    suspend_user(actor_id=None, user_id=admin.pk, reason="left", until=None)
    assert browsers[1].get("/admin/").status_code == 302
    assert "suspended" in sentences(
        Client().post("/admin/login/", {"email": admin.email, "password": PASSWORD})
    )
    assert second.ended_at is None


def test_a_reset_or_lost_factor_shuts_the_door() -> None:
    browser = staff_browser("admin")
    TotpDevice.objects.all().delete()
    assert browser.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    answer = browser.get("/admin/login/", follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/second-factor/enrol/"


def test_a_session_lasts_half_a_day() -> None:
    with time_machine.travel(START, tick=False) as now:
        browser = staff_browser("admin")
        now.shift(timedelta(hours=11, minutes=59))
        assert browser.get("/admin/").status_code == 200
        now.shift(timedelta(minutes=2))
        assert browser.get("/admin/").status_code == 302


@pytest.mark.mongodb
def test_after_ten_minutes_a_fresh_code_is_asked_and_the_way_goes_on() -> None:
    page = "/admin/second-factor/recovery-codes/"
    with time_machine.travel(START, tick=False) as now:
        browser = staff_browser("admin")
        now.shift(600)
        assert sentences(browser.post(page)).count("<code>") == 10
        now.shift(1)
        asked = browser.post(page, headers={"referer": f"http://testserver{page}"})
        assert asked.status_code == 302
        assert unquote(asked["Location"]).startswith("/admin/second-factor/?next=")
        assert browser.get("/admin/").status_code == 200  # what moves nothing goes on
        form = browser.get(asked["Location"])
        assert "asks for a fresh code" in sentences(form)
        code = staff_code("admin@example.org")
        back = browser.post(asked["Location"], {"code": code})
        assert back["Location"] == f"http://testserver{page}"
        assert sentences(browser.post(page)).count("<code>") == 10

        now.shift(601)
        dialog = browser.post(page, headers={"hx-request": "true"})
        assert dialog.status_code == 200 and "second-factor" in dialog["HX-Redirect"]


def test_replacing_the_authenticator_in_the_site() -> None:
    with time_machine.travel(START, tick=False) as now:
        browser = staff_browser("admin")
        now.shift(601)
        asked = browser.get("/admin/second-factor/enrol/")
        assert "/admin/second-factor/?next=" in asked["Location"]
        code = staff_code("admin@example.org")
        browser.post(asked["Location"], {"code": code})
        secret = enrol_in_browser(browser)
        done = browser.post("/admin/second-factor/enrol/", {"code": code_of(secret)})
        assert sentences(done).count("<code>") == 10
        assert TotpDevice.objects.filter(confirmed=True).count() == TotpDevice.objects.count() == 1


def test_enrolling_beside_staff_code_accepts_its_code() -> None:
    admin = new_staff("admin")
    browser = signed_in_browser(admin.email)
    enrol_in_browser(browser)
    code = staff_code(admin.email)
    assert browser.post("/admin/second-factor/enrol/", {"code": code}).status_code == 302
    assert browser.get("/admin/").status_code == 200


@pytest.mark.mongodb
def test_changing_the_own_password() -> None:
    browser, other = staff_browser("admin"), staff_browser("admin")
    values = {
        "current_password": PASSWORD,
        "new_password": "bright-meadow-91",
        "repeated": "bright-meadow-92",
    }
    url = "/admin/password_change/"
    assert "The two differ." in sentences(browser.post(url, values))
    weak = {**values, "new_password": "short", "repeated": "short"}
    assert "too short" in sentences(browser.post(url, weak))
    good = {**values, "repeated": values["new_password"]}
    wrong = browser.post(url, {**good, "current_password": "guess"})
    assert "This is not your password." in sentences(wrong)
    assert browser.post(url, good).status_code == 302
    assert browser.get("/admin/password_change/done/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_pages_forbid_inline_scripts_and_styles() -> None:
    browser = staff_browser("superadmin")
    for path in ("/admin/login/", "/admin/", "/admin/second-factor/recovery-codes/"):
        policy = browser.get(path)["Content-Security-Policy"]
        assert "'unsafe-inline'" not in policy and "frame-ancestors 'none'" in policy
        assert "'unsafe-eval'" in policy
    assert "unsafe-eval" not in browser.get("/api/docs/errors")["Content-Security-Policy"]
    page = sentences(browser.get("/admin/"))
    assert "<style" not in page and " style=" not in page and "<script>" not in page
