"""What staff do about people, on the page and by the routes: done, refused, and audited."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import time_machine
from django.test import Client

from calling.states import Status
from calling.tests.test_queries import made_calls
from pairly.accounts.models import StaffNote, User
from pairly.accounts.tests.callers import Caller, login
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.core.errors import PairlyError
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from payments.adjustments.services import adjust
from payments.models import Transfer
from payments.selectors import wallet_of

SUBMIT = {"_form_submitted": "True"}


def press(browser: Client, person: Any, action: str, **fields: Any) -> Any:
    """Fill in an action's dialog and submit it."""
    address = f"/admin/accounts/user/{person.id}/{action}/"
    return browser.post(address, {**SUBMIT, **fields}, headers={"HX-Request": "true"})


def is_done(answer: Any) -> bool:
    return answer.status_code == 200 and "HX-Redirect" in answer


def newest(action: str) -> AuditEntry:
    entry: AuditEntry | None = AuditEntry.objects.filter(action=action).order_by("-id").first()
    assert entry is not None, action
    return entry


def said(browser: Client) -> str:
    return browser.get("/admin/").content.decode()


@pytest.mark.mongodb
def test_suspend_and_restore(join: Any, closed_sockets: list[Any], guest: Caller) -> None:
    ava = join()
    boss = staff_browser("moderator")
    page = f"/admin/accounts/user/{ava.id}/change/"
    assert "Suspend" in boss.get(page).content.decode()

    assert "This field is required" in press(boss, ava, "suspend").content.decode()
    assert ava.api.get("me").status_code == 200
    until = clock.now() + timedelta(days=2)
    answer = press(boss, ava, "suspend", reason="Spam", until=f"{until:%Y-%m-%dT%H:%M}")
    assert is_done(answer), answer.content
    assert (UUID(ava.id), 4403, None) in closed_sockets
    assert ava.api.get("me").status_code == 403
    assert login(guest, ava.email).status_code == 403
    entry = newest("user.suspended")
    assert (entry.reason, entry.target_id, entry.request_id != "") == ("Spam", ava.id, True)
    assert orjson.loads(entry.before)["suspended_at"] is None
    assert orjson.loads(entry.after)["suspended_until"].startswith(f"{until:%Y-%m-%d}")

    text = boss.get(page).content.decode()
    assert "Restore" in text and "Spam" in text
    assert is_done(press(boss, ava, "restore", reason="Appealed"))
    assert ava.api.get("me").status_code == 200
    assert newest("user.restored").reason == "Appealed"
    press(boss, ava, "restore", reason="Again")
    assert "not suspended" in said(boss)


@pytest.mark.mongodb
def test_sign_ins_end_and_locks_open(
    join: Any, closed_sockets: list[Any], guest: Caller, settings: Any
) -> None:
    ava = join()
    token = login(guest, ava.email).json()["token"]
    other = Caller(token)
    boss = staff_browser("admin")
    devices = {one["id"] for one in ava.api.get("auth/devices").json()["results"]}
    mine = next(
        one["id"] for one in ava.api.get("auth/devices").json()["results"] if one["current"]
    )
    (others,) = devices - {mine}
    dialog = boss.get(f"/admin/accounts/user/{ava.id}/end_sign_in/?device={others}")
    assert f'value="{others}" selected' in dialog.content.decode()
    assert is_done(press(boss, ava, "end_sign_in", device=others, reason="Lost telephone"))
    assert (other.get("me").status_code, ava.api.get("me").status_code) == (401, 200)
    assert is_done(press(boss, ava, "end_sign_ins", reason="Stolen"))
    assert ava.api.get("me").status_code == 401
    assert orjson.loads(newest("user.signed_out").before) == {"sign_ins": [mine]}

    for _ in range(settings.SIGN_IN_FAILURES_MAX):
        login(guest, ava.email, "wrong-password-1")
    assert login(guest, ava.email).status_code == 429
    text = boss.get(f"/admin/accounts/user/{ava.id}/change/").content.decode()
    assert "Unlock sign-in" in text and "locked" in text
    assert is_done(press(boss, ava, "unlock", reason="Called us"))
    assert login(guest, ava.email).status_code == 200
    assert newest("user.unlocked").target_id == ava.id


def test_notes(join: Any) -> None:
    ava = join()
    support = staff_browser("support")
    assert "This field is required" in press(support, ava, "add_note", text=" ").content.decode()
    assert is_done(press(support, ava, "add_note", text="Asked about <b>lighthouses</b>"))
    text = support.get(f"/admin/accounts/user/{ava.id}/change/").content.decode()
    assert "&lt;b&gt;lighthouses" in text
    note = StaffNote.objects.get()
    assert orjson.loads(newest("user.noted").after) == {"note": str(note.pk)}
    assert "lighthouses" not in str(ava.api.get("me/export").json())


@pytest.mark.mongodb
def test_support_gives_within_its_cap(join: Any, settings: Any) -> None:
    settings.STAFF_GOODWILL_CREDITS_MAX = 50
    settings.STAFF_GOODWILL_CREDITS_PER_DAY_MAX = 80
    ava, support = join(), staff_browser("support")
    before = wallet_of(UUID(ava.id)).balance
    gift = {"kind": "give_bonus", "reason": "Our fault", "operation": str(new_id())}

    press(support, ava, "adjust_credits", credits=51, **gift)
    assert "from 1 to 50 credits" in said(support)
    assert is_done(press(support, ava, "adjust_credits", credits=50, **gift))
    assert is_done(press(support, ava, "adjust_credits", credits=50, **gift))
    assert wallet_of(UUID(ava.id)).balance == before + 50
    assert Transfer.objects.filter(pk=f"goodwill:{gift['operation']}").exists()
    entry = newest("credits.granted")
    assert entry.reason == "Our fault"
    assert orjson.loads(entry.before)["balance"] == before
    assert orjson.loads(entry.after)["balance"] == before + 50

    again = {"kind": "give_bonus", "reason": "More", "operation": str(new_id())}
    press(support, ava, "adjust_credits", credits=31, **again)
    assert "at most 80 credits a day" in said(support)
    assert is_done(press(support, ava, "adjust_credits", credits=30, **again))
    dialog = support.get(f"/admin/accounts/user/{ava.id}/adjust_credits/").content.decode()
    assert "Give bonus credits" in dialog and "Take" not in dialog and "debt" not in dialog
    assert wallet_of(UUID(ava.id)).balance == before + 80


@pytest.mark.mongodb
def test_gifts_at_once_stay_within_the_day(join: Any, settings: Any) -> None:
    settings.STAFF_GOODWILL_CREDITS_MAX = 50
    settings.STAFF_GOODWILL_CREDITS_PER_DAY_MAX = 100
    ava = UUID(join().id)
    support = new_staff("support").pk
    before = wallet_of(ava).balance
    outcomes: list[str] = []

    def give() -> None:
        try:
            adjust(
                actor_id=support,
                user_id=ava,
                kind="give_bonus",
                credits=40,
                reason="R",
                operation_id=new_id(),
            )
            outcomes.append("given")
        except PairlyError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=give) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["given"] * 2 + ["validation_error"] * 4
    assert wallet_of(ava).balance == before + 80


def test_giving_asks_for_the_code_again_after_ten_minutes(join: Any) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as now:
        ava, support = join(), staff_browser("support")
        dialog = f"/admin/accounts/user/{ava.id}/adjust_credits/"
        page = f"http://testserver/admin/accounts/user/{ava.id}/change/"
        headers = {"HX-Request": "true", "Referer": page}
        assert "Credits" in support.get(dialog, headers=headers).content.decode()
        now.shift(timedelta(minutes=11))
        for ask in (support.get, support.post):
            answer = ask(dialog, headers=headers)
            assert "/admin/second-factor/" in answer["HX-Redirect"]
            assert (
                "change" in answer["HX-Redirect"] and "adjust_credits" not in answer["HX-Redirect"]
            )


def test_who_may_not_act_is_refused_by_page_and_route_alike(join: Any) -> None:
    ava = join()
    acts = {
        "suspend": ("suspend", "users.act"),
        "restore": ("restore", "users.act"),
        "end_sign_ins": ("end-sessions", "users.act"),
        "unlock": ("unlock", "users.act"),
        "reset_second_factor": ("reset-second-factor", "users.act"),
        "add_note": ("notes", "users.note"),
        "adjust_credits": ("adjustments", "credits.grant"),
        "freeze_spending": ("freeze", "credits.grant_any"),
        "unfreeze_spending": ("unfreeze", "credits.grant_any"),
    }
    from pairly.accounts import roles

    for role in ("support", "moderator", "finance", "analyst"):
        browser, api = staff_browser(role), staff_api(role)
        for action, (route, permission) in acts.items():
            may = permission in roles.ROLES[role]
            page = press(browser, ava, action).status_code
            api_status = api.post(f"/api/v1/staff/users/{ava.id}/{route}", {}).status_code
            assert (page != 403, api_status != 403) == (may, may), (role, action)
        sees = "users.view" in roles.ROLES[role]
        assert (browser.get("/admin/accounts/user/").status_code == 200) is sees
        assert (api.get("/api/v1/staff/users").status_code == 200) is sees
    assert User.objects.get(pk=ava.id).suspended_at is None


def test_looks_are_audited(join: Any) -> None:
    ava, boss = join(), staff_browser("support")
    boss.get(f"/admin/accounts/user/{ava.id}/change/")
    boss.get(f"/admin/accounts/user/{ava.id}/transactions/")
    boss.get(f"/admin/payments/transfer/?q={ava.email}")
    looks = AuditEntry.objects.filter(target_id=ava.id).order_by("id")
    assert [one.action for one in looks] == [
        "user.viewed",
        "user.transactions_viewed",
        "user.ledger_viewed",
    ]
    assert {one.actor_id for one in looks} == {new_staff("support").pk}


def test_the_page_shows_the_calls_of_both_sides(join: Any) -> None:
    ava, ben = join("Ava"), join("Ben")
    (missed,) = made_calls(UUID(ava.id), UUID(ben.id), 1, Status.ENDED)
    (active,) = made_calls(UUID(ben.id), UUID(ava.id), 1, Status.ACTIVE)
    page = staff_browser("moderator").get(f"/admin/accounts/user/{ava.id}/change/")
    text = page.content.decode()
    for call in (active, missed):
        assert f'href="/admin/calling/call/{call.pk}/change/"' in text
    assert text.count(ben.email) == 2
    assert "Missed" in text and "Active" in text
    assert f"/admin/calling/call/?q={ava.id}" in text


def test_resetting_a_second_factor_from_the_page(join: Any) -> None:
    other = new_staff("moderator")
    staff_browser("moderator")
    admin, boss = staff_browser("admin"), staff_browser("superadmin")
    assert (
        "Reset second factor"
        in admin.get(f"/admin/accounts/user/{other.pk}/change/").content.decode()
    )
    target = type("Target", (), {"id": other.pk})
    assert press(admin, target, "reset_second_factor", reason="Lost").status_code == 403
    assert is_done(press(boss, target, "reset_second_factor", reason="Lost"))
    assert newest("user.second_factor_reset").target_id == str(other.pk)


def test_staff_do_not_help_themselves_nor_lock_each_other_out(closed_sockets: list[Any]) -> None:
    finance, admin = new_staff("finance"), new_staff("admin")
    gift = {"kind": "give_bonus", "credits": 5, "reason": "Mine", "operation": str(new_id())}
    himself = type("Target", (), {"id": finance.pk})
    assert press(staff_browser("finance"), himself, "adjust_credits", **gift).status_code == 403
    other = type("Target", (), {"id": admin.pk})
    moderator, boss = staff_browser("moderator"), staff_browser("superadmin")
    assert press(moderator, other, "suspend", reason="Envy").status_code == 403
    assert closed_sockets == []
    assert is_done(press(boss, other, "suspend", reason="Left in anger"))
    assert (admin.pk, 4403, None) in closed_sockets
    assert press(moderator, other, "restore", reason="A friend").status_code == 403
    assert not User.objects.get(pk=admin.pk).is_active
    assert is_done(press(boss, other, "restore", reason="Forgiven"))
    press(boss, type("Target", (), {"id": new_staff("superadmin").pk}), "suspend", reason="I")
    assert "Take the superadmin role away first." in said(boss)
