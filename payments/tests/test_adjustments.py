"""Staff give credits, take them and write debt off: alone within a limit, beyond it by two."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from pairly.accounts.models import User
from pairly.approvals.services import approve
from pairly.audit.models import AuditEntry
from pairly.core.errors import Conflict, PairlyError, PermissionDenied
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from payments.adjustments.models import Adjustment
from payments.adjustments.services import adjust
from payments.ledger.invariants import violations
from payments.models import Transfer
from payments.selectors import pockets_of, wallet_of
from payments.tests.buyers import at_once
from payments.tests.people import good, make_people

KINDS = ("give_bonus", "give_paid", "take_bonus", "take_paid", "write_off")


def post(api: Any, user_id: UUID, kind: str, credits: int, **more: Any) -> Any:
    body = {"kind": kind, "credits": credits, "reason": "Put right", **more}
    key = {"Idempotency-Key": str(new_id())}
    return api.post(f"/api/v1/staff/users/{user_id}/adjustments", body, headers=key)


def house(kind: str) -> int:
    """What a house account stands at, from its transfers."""
    legs = Transfer.objects.filter(phase="posted").values_list(
        "debit__key", "credit__key", "amount"
    )
    key = f"house:{kind}:CREDIT"
    return sum(amount * ((credit == key) - (debit == key)) for debit, credit, amount in legs)


@pytest.mark.mongodb
def test_credits_are_given_and_taken_from_either_pocket() -> None:
    (ava,), api = make_people(1, 10), staff_api("finance")
    assert post(api, ava, "give_paid", 100).status_code == 201
    assert post(api, ava, "give_bonus", 5).status_code == 201
    assert pockets_of(ava) == {"paid": 100, "bonus": 15, "earnings": 0, "debt": 0}
    taken = post(api, ava, "take_paid", 40)
    assert taken.json()["wallet"]["balance"] == 75
    assert taken.json()["adjustment"]["state"] == "booked"

    short = post(api, ava, "take_bonus", 16)
    assert (short.status_code, short.json()["code"]) == (402, "insufficient_credits")
    assert post(api, ava, "write_off", 1).json()["code"] == "nothing_owed"
    assert post(api, ava, "give_paid", 1, book_debt=True).status_code == 400
    assert pockets_of(ava)["bonus"] == 15 and Adjustment.objects.count() == 3

    owing = post(api, ava, "take_bonus", 20, book_debt=True).json()["wallet"]
    assert (owing["balance"], owing["available"], owing["debt"]) == (60, 0, 5)
    assert post(api, ava, "write_off", 6).status_code == 409
    assert post(api, ava, "write_off", 5).json()["wallet"]["available"] == 60
    assert (house("promotions"), house("adjustments"), house("write_off")) == (5, -60, -5)

    entries = AuditEntry.objects.filter(target_id=str(ava)).order_by("id")
    assert [entry.action for entry in entries] == [
        *("credits.granted", "credits.granted", "credits.taken", "credits.taken"),
        "debt.written_off",
    ]
    after = orjson.loads(entries[3].after)
    assert (after["kind"], after["credits"], after["debt"]) == ("take_bonus", 20, 5)
    listed = api.get(f"/api/v1/staff/users/{ava}/adjustments").json()["results"]
    assert [one["kind"] for one in listed][:2] == ["write_off", "take_bonus"]
    assert good() and not violations()


@pytest.mark.mongodb
def test_more_than_one_gives_alone_waits_for_a_second_person(settings: Any) -> None:
    settings.STAFF_ADJUSTMENT_APPROVAL_CREDITS = 100
    (ava,), finance, admin = make_people(1, 0), staff_api("finance"), staff_api("admin")
    assert post(finance, ava, "give_paid", 60).status_code == 201
    waiting = post(finance, ava, "give_paid", 41)
    assert (waiting.status_code, waiting.json()["adjustment"]["state"]) == (202, "waiting")
    assert wallet_of(ava).balance == 60, "the limit holds for the day, however it is cut"
    assert post(finance, ava, "take_paid", 40).status_code == 201

    def decide(api: Any, answer: Any, what: str) -> Any:
        approval = answer.json()["adjustment"]["approval_id"]
        address = f"/api/v1/staff/approvals/{approval}/{what}"
        return api.post(address, {"reason": "Seen"}, headers={"Idempotency-Key": str(new_id())})

    assert decide(finance, waiting, "approve").status_code == 403
    assert decide(admin, waiting, "approve").json()["payload"]["credits"] == 41
    assert wallet_of(ava).balance == 61
    newest = AuditEntry.objects.filter(action="credits.granted").order_by("-id")[0]
    assert (newest.actor_id, newest.reason) == (new_staff("admin").pk, "Seen")

    refused = post(finance, ava, "give_bonus", 500)
    assert decide(admin, refused, "reject").status_code == 200
    beyond = post(finance, ava, "take_paid", 500)
    assert decide(admin, beyond, "approve").json()["code"] == "insufficient_credits"
    assert decide(finance, beyond, "withdraw").status_code == 200
    states = Adjustment.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["booked", "booked", "booked", "dropped", "dropped"]
    assert wallet_of(ava).balance == 61 and good() and not violations()


@pytest.mark.mongodb
def test_the_same_operation_changes_credits_once(settings: Any) -> None:
    settings.STAFF_ADJUSTMENT_APPROVAL_CREDITS = 30
    (ava,), finance = make_people(1, 0), new_staff("finance").pk
    once = new_id()

    def give(operation_id: UUID = once, credits: int = 30) -> Any:
        try:
            return adjust(
                actor_id=finance,
                user_id=ava,
                kind="give_paid",
                credits=credits,
                reason="Lost purchase",
                operation_id=operation_id,
            ).state
        except PairlyError as error:
            return error.code

    assert at_once(6, lambda _n: give()) == ["booked"] * 6
    assert wallet_of(ava).balance == 30
    assert give(credits=31) == "conflict"
    assert at_once(3, lambda _n: give(new_id(), 1)) == ["waiting"] * 3
    assert wallet_of(ava).balance == 30 and good() and not violations()


def test_who_may_what() -> None:
    (ava,), other = make_people(1, 5), make_people(1)[0]
    support = staff_api("support")
    assert post(support, ava, "give_bonus", 5).status_code == 201
    for kind in KINDS[1:]:
        assert post(support, ava, kind, 5).status_code == 403, kind
    for role in ("moderator", "analyst"):
        assert post(staff_api(role), ava, "give_bonus", 5).status_code == 403, role
    finance = new_staff("finance")
    assert post(staff_api("finance"), finance.pk, "give_bonus", 5).status_code == 403
    assert post(staff_api("finance"), new_id(), "give_bonus", 5).status_code == 404
    User.objects.filter(pk=other).update(deleted_at="2026-01-01T00:00:00Z")
    assert post(staff_api("finance"), other, "give_bonus", 5).status_code == 404
    assert wallet_of(ava).balance == 10


def test_nobody_approves_credits_for_themselves(settings: Any) -> None:
    settings.STAFF_ADJUSTMENT_APPROVAL_CREDITS = 10
    admin = new_staff("admin").pk
    waiting = post(staff_api("finance"), admin, "give_bonus", 11).json()["adjustment"]
    with pytest.raises(PermissionDenied, match="their own credits"):
        approve(approval_id=UUID(waiting["approval_id"]), actor_id=admin, reason="Mine")
    User.objects.filter(pk=admin).update(deleted_at="2026-01-01T00:00:00Z")
    with pytest.raises(PairlyError):
        approve(
            approval_id=UUID(waiting["approval_id"]),
            actor_id=new_staff("superadmin").pk,
            reason="Left",
        )
    assert pockets_of(admin)["bonus"] == 0


def test_the_page_of_a_person_books_asks_and_shows(settings: Any) -> None:
    settings.STAFF_ADJUSTMENT_APPROVAL_CREDITS = 100
    (ava,), finance = make_people(1, 0), staff_browser("finance")
    page = f"/admin/accounts/user/{ava}/"
    wish = {"kind": "give_paid", "reason": "Lost purchase", "_form_submitted": "True"}

    def press(**fields: Any) -> str:
        operation = {"operation": str(new_id())}
        finance.post(
            f"{page}adjust_credits/",
            {**wish, **operation, **fields},
            headers={"HX-Request": "true"},
        )
        text: str = finance.get(f"{page}change/").content.decode()
        return text

    assert "Booked. The balance is 80 credits." in press(credits=80)
    assert "second person has to approve" in press(credits=21)
    text = press(kind="take_paid", credits=90)
    assert "Waits for a second person" in text and "Lost purchase" in text
    assert (
        "What is not there becomes debt" in finance.get(f"{page}adjust_credits/").content.decode()
    )
    assert "nothing_owed" not in text and wallet_of(ava).balance == 80


def test_an_id_is_not_used_for_two_things() -> None:
    ava, ben = make_people(2, 5)
    values: dict[str, Any] = {
        "actor_id": new_staff("finance").pk,
        "user_id": ava,
        "kind": "give_bonus",
        "credits": 5,
        "reason": "R",
        "operation_id": new_id(),
    }
    adjust(**values)
    for change in ({"user_id": ben}, {"kind": "give_paid"}, {"credits": 6}):
        with pytest.raises(Conflict):
            adjust(**{**values, **change})
    assert wallet_of(ava).balance == 10 and wallet_of(ben).balance == 5
