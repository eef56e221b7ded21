"""Staff freeze somebody's credits: nothing is spent until they are free again."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import time_machine

from messaging.tests.people import make_people
from pairly.audit.models import AuditEntry
from pairly.core import clock
from pairly.staff.tests.people import new_staff, staff_api, staff_browser
from payments.freezes.invariants import freezes_stop_spending
from payments.freezes.services import freeze_spending, unfreeze_spending
from payments.ledger.invariants import violations
from payments.models import Freeze, Transfer
from payments.selectors import wallet_of
from payments.tasks import lift_freezes
from payments.tests.buyers import Buyer, at_once


def send(buyer: Buyer, to: UUID, client_id: str = "") -> Any:
    wish = {"client_id": client_id or str(uuid4()), "kind": "text", "text": "Hello"}
    opened = buyer.api.post("/api/v1/conversations", {"user_id": str(to)}).json()
    return buyer.api.post(f"/api/v1/conversations/{opened['id']}/messages", wish)


def all_is_well() -> bool:
    return not violations() and not freezes_stop_spending()


@pytest.mark.mongodb
def test_frozen_credits_are_not_spent_and_come_back_unharmed() -> None:
    ava, (ben,), finance = Buyer(), make_people(1, 0), staff_api("finance")
    freeze = f"/api/v1/staff/users/{ava.id}/freeze"
    assert send(ava, ben).status_code == 201
    answer = finance.post(freeze, {"reason": "A stolen card, it seems"})
    assert answer.json() == {
        **{"balance": 19, "held": 0, "available": 0, "debt": 0},
        "frozen": True,
    }
    assert ava.api.get("/api/v1/wallet").json() == answer.json()
    (told,) = ava.api.get("/api/v1/sync?since=0").json()["events"][-1:]
    assert (told["type"], told["data"]) == ("wallet.updated", answer.json())

    refused = send(ava, ben, "11111111-1111-4111-8111-111111111111")
    assert (refused.status_code, refused.json()["code"]) == (403, "spending_frozen")
    assert "stolen" not in refused.content.decode()
    assert all_is_well()

    for _ in range(2):  # a second freeze replaces the first
        assert finance.post(freeze, {"reason": "Sure now"}).status_code == 200
    assert Freeze.objects.get().reason == "Sure now"
    assert finance.post(f"{freeze[:-6]}unfreeze", {"reason": "All well"}).json()["available"] == 19
    again = finance.post(f"{freeze[:-6]}unfreeze", {"reason": "Again"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    sent = send(ava, ben, "11111111-1111-4111-8111-111111111111")
    assert (sent.status_code, sent.json()["wallet"]["available"]) == (201, 18)

    entries = AuditEntry.objects.filter(target_id=ava.id).order_by("id")
    assert [one.action for one in entries] == ["spending.frozen"] * 3 + ["spending.unfrozen"]
    assert orjson.loads(entries[0].before) is None and entries[0].reason.startswith("A stolen")
    assert all_is_well()


@pytest.mark.mongodb
def test_spenders_and_a_freeze_at_once() -> None:
    """Whatever was charged was charged before the freeze: after it nothing moves any more."""
    ava, (ben,) = Buyer(), make_people(1, 0)
    send(ava, ben)
    actor = new_staff("finance").pk

    def freeze() -> int:
        freeze_spending(actor_id=actor, user_id=UUID(ava.id), reason="Now")
        return Transfer.objects.filter(kind="message").count()

    def act(number: int) -> int:
        return freeze() if number == 8 else int(send(ava, ben).status_code)

    *sent, charged = at_once(9, act)
    assert set(sent) <= {201, 403}
    assert Transfer.objects.filter(kind="message").count() == charged == 1 + sent.count(201)
    assert wallet_of(UUID(ava.id)).balance == 20 - charged
    changes = (freeze_spending, unfreeze_spending)

    def change(number: int) -> bool:
        return changes[number](actor_id=actor, user_id=UUID(ava.id), reason="Both").frozen

    at_once(2, change)
    assert all_is_well()


@pytest.mark.mongodb
def test_a_freeze_ends_by_itself_and_leaves_debt_alone() -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        ava, finance = Buyer(), staff_api("finance")
        until = clock.to_rfc3339(clock.now() + timedelta(hours=2))
        address = f"/api/v1/staff/users/{ava.id}"
        wish = {"reason": "For a while", "until": until}
        assert (
            finance.post(f"{address}/freeze", {**wish, "until": "2026-01-01T00:00:00Z"}).json()[
                "errors"
            ][0]["field"]
            == "until"
        )
        assert finance.post(f"{address}/freeze", wish).status_code == 200
        take = {"kind": "take_bonus", "credits": 25, "book_debt": True, "reason": "Abuse"}
        key = {"Idempotency-Key": "take"}
        assert finance.post(f"{address}/adjustments", take, headers=key).json()["wallet"] == {
            **{"balance": 0, "held": 0, "available": 0, "debt": 5},
            "frozen": True,
        }
        assert lift_freezes() == 0 and all_is_well()
        traveller.shift(timedelta(hours=2))
        assert lift_freezes() == 1 and lift_freezes() == 0
        wallet = ava.api.get("/api/v1/wallet").json()
        assert (wallet["frozen"], wallet["debt"]) == (False, 5)
        assert all_is_well()


def test_the_page_of_a_person_freezes_and_tells() -> None:
    ava, finance = Buyer(), staff_browser("finance")
    page = f"/admin/accounts/user/{ava.id}/"

    def press(action: str, **fields: str) -> str:
        form = {"_form_submitted": "True", "reason": "A stolen card", **fields}
        finance.post(f"{page}{action}/", form, headers={"HX-Request": "true"})
        text: str = finance.get(f"{page}change/").content.decode()
        return text

    text = press("freeze_spending", until="2126-01-01T00:00")
    assert "A stolen card" in text and "2126-01-01" in text
    assert "/unfreeze_spending/" in text and "/freeze_spending/" not in text
    text = press("unfreeze_spending")
    assert "/freeze_spending/" in text and "2126-01-01" not in text
    support = staff_browser("support").get(f"{page}change/").content.decode()
    assert "freeze_spending" not in support and "/adjust_credits/" in support
    himself = new_staff("finance").pk
    refused = staff_api("finance").post(f"/api/v1/staff/users/{himself}/freeze", {"reason": "Me"})
    assert refused.status_code == 403
