"""The wallet as its owner sees it, and proofs that hold without the server's word."""

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import rfc8785
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rest_framework.test import APIClient

from pairly.core import clock
from payments.ledger.history import newest_first
from payments.services import grant_credits
from payments.tests.people import Pockets, charge, good, make_people
from tests.explain import assert_uses_index

PASSWORD = "quiet-harbour-42"


class Person:
    def __init__(self, email: str) -> None:
        body = {
            "email": email,
            "password": PASSWORD,
            "display_name": email.split("@")[0],
            "birth_date": str(date(1990, 1, 1)),
            "accept_terms": True,
        }
        answer = APIClient().post("/api/v1/auth/register", body)
        if answer.status_code != 201:
            body.pop("accept_terms")
            answer = APIClient().post("/api/v1/auth/register", body)
        assert answer.status_code == 201, answer.content
        self.id = UUID(answer.json()["user"]["id"])
        self.client = APIClient(headers={"Authorization": f"Bearer {answer.json()['token']}"})

    def get(self, path: str, status: int = 200) -> Any:
        url = path if path.startswith("http") else f"/api/v1/{path}"
        answer = self.client.get(url)
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.mark.mongodb
def test_a_new_person_has_the_welcome_bonus_and_may_prove_it() -> None:
    ava = Person("ava@example.com")
    full = {"balance": 20, "held": 0, "available": 20, "debt": 0, "frozen": False}
    assert ava.get("wallet") == full
    (bonus,) = ava.get("wallet/transactions")["results"]
    assert (bonus["id"], bonus["credits"], bonus["kind"]) == (f"bonus:{ava.id}", 20, "bonus")
    assert (bonus["account"], bonus["counterparty"]) == ("bonus", "promotions")
    assert ava.get("ledger/head")["block"] == 0
    check_proof(ava, bonus["id"])
    assert ava.get("ledger/head")["sequence"] == 1
    assert good()


def check_proof(person: Person, transfer_id: str) -> dict[str, Any]:
    """As docs/ledger.md tells a client to: with SHA-256 and Ed25519 and nothing of ours."""
    proof: dict[str, Any] = person.get(f"ledger/transfers/{transfer_id}/proof")
    node = hashlib.sha256(b"\x00" + proof["leaf"].encode()).digest()
    assert node.hex() == proof["leaf_hash"] and f'"id":"{transfer_id}"' in proof["leaf"]
    index, last = proof["index"], int(proof["header"]["count"]) - 1
    for text in proof["path"]:
        sibling = bytes.fromhex(text)
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index // 2, last // 2
    assert last == 0 and node.hex() == proof["header"]["root"]
    header_hash = hashlib.sha256(b"\x02" + rfc8785.dumps(proof["header"]))
    assert header_hash.hexdigest() == proof["hash"]
    assert proof["key"] == proof["header"]["key"]
    assert proof["key"] in person.get("ledger/head")["keys"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(proof["key"]))
    key.verify(bytes.fromhex(proof["signature"]), bytes.fromhex(proof["hash"]))
    return proof


def test_proofs_of_each_place_in_a_block_and_only_for_the_owner() -> None:
    ava, ben = Person("ava@example.com"), Person("ben@example.com")
    for number in range(11):
        charge(ava.id, ben.id, 1, f"message:{number}/x")
    places = {check_proof(ava, f"message:{number}/x")["index"] for number in range(11)}
    assert len(places) == 11
    assert ben.get("ledger/transfers/message:1/x/proof", 404)["code"] == "not_found"
    assert ava.get("ledger/transfers/message:99/proof", 404)["code"] == "not_found"
    stranger = APIClient().get("/api/v1/ledger/transfers/message:1/x/proof")
    assert stranger.status_code == 401


@pytest.mark.mongodb
def test_transactions_page_by_page_without_loss_or_doubles() -> None:
    ava, ben = Person("ava@example.com"), Person("ben@example.com")
    with time_machine.travel(clock.now(), tick=False):  # equal times, to be told apart by id
        for number in range(9):
            charge(ava.id, ben.id, 2, f"message:{number}")
    page = ava.get("wallet/transactions?limit=4")
    seen = list(page["results"])
    while page["next"]:
        charge(ben.id, ava.id, 1, f"message:later:{len(seen)}")
        page = ava.get(page["next"])
        seen += page["results"]
    ids = [row["id"] for row in seen]
    assert ids == [f"message:{number}" for number in reversed(range(9))] + [f"bonus:{ava.id}"]
    assert sum(row["credits"] for row in seen) == ava.get("wallet")["balance"] == 2
    assert {row["counterparty"] for row in seen} == {"sales", "promotions"}
    assert ava.get("wallet/transactions?limit=0", 400)["code"] == "validation_error"
    assert ava.get("wallet/transactions?cursor=x", 400)["code"] == "validation_error"
    names = {"id", "kind", "phase", "amount", "credits", "account", "counterparty", "group"}
    assert set(seen[0]) == names | {"created_at"}


@pytest.mark.mongodb
def test_histories_are_read_by_index() -> None:
    ava, ben = make_people(2, 100)
    for number in range(60):
        charge(ava, ben, 1, f"message:{number}")
    pockets = Pockets(ava=ava)
    bonus = pockets["ava.bonus"]
    for side in ("debit", "credit"):
        assert_uses_index(newest_first(bonus, side, None)[:5], documents_max=8)
        last = (clock.now(), "message:x")
        assert_uses_index(newest_first(bonus, side, last)[:5], documents_max=8)
    assert newest_first(bonus, "debit", None).count() == 60


def test_a_grant_is_given_once_and_told_once() -> None:
    ava = Person("ava@example.com")
    position = ava.get("sync?since=0")["position"]
    grant: dict[str, Any] = {
        "owner_id": ava.id,
        "credits": 7,
        "operation": "goodwill:1",
        "kind": "grant",
    }
    for _ in range(2):
        wallet = grant_credits(**grant, now=clock.now())
        assert (wallet.balance, wallet.available) == (27, 27)
    events = ava.get(f"sync?since={position}")["events"]
    assert [event["type"] for event in events] == ["wallet.updated"]
    assert events[0]["data"] == ava.get("wallet")
    assert good()


def test_prices_and_own_data() -> None:
    prices = APIClient().get("/api/v1/prices").json()
    assert prices["messages"] == {"text": 1, "image": 2, "audio": 2, "video": 3, "file": 2}
    assert prices["calls"] == {"audio": 5, "video": 10}
    ava = Person("ava@example.com")
    data = ava.get("me/export")["credits"]
    assert data["wallet"]["balance"] == 20
    assert [one["id"] for one in data["transactions"]] == [f"bonus:{ava.id}"]
    for path in ("wallet", "wallet/transactions", "ledger/head"):
        assert APIClient().get(f"/api/v1/{path}").status_code == 401
