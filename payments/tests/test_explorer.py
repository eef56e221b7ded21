"""The ledger as staff look at it: searches by index, one transfer, statements, files."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from pairly.audit.models import AuditEntry
from pairly.core import clock, signing
from pairly.core.tabular import encoded
from pairly.staff.tests.people import staff_api, staff_browser
from payments.ledger import search as searching
from payments.ledger.explorer import ends_of, find_accounts
from payments.ledger.sealing import seal_waiting
from payments.ledger.search import Search, kinds_of_transfers, places_of
from payments.ledger.services import pending, post, resolution
from payments.ledger.statements import Statement
from payments.models import Account, Transfer
from payments.selectors import pockets_of
from payments.tests.people import Pockets, charge, make_people, posting
from payments.tests.test_proof_doc import documented_check
from tests.explain import assert_uses_index

LEDGER = "/api/v1/staff/ledger"
START = datetime(2026, 3, 1, 12, tzinfo=clock.now().tzinfo)


class Story:
    """Ava buys, writes to Ben, has a hold ended and one open, and pays a debt; one minute each."""

    def __init__(self) -> None:
        with time_machine.travel(START, tick=False) as traveller:
            self.ava, self.ben = make_people(2, 10)
            pockets = Pockets(ava=self.ava, ben=self.ben)
            paid, sales, debt = (pockets[f"ava.{kind}"] for kind in ("paid", "bonus", "debt"))
            sales = pockets["house.sales"]
            self.holds = [pending(posting(f"call:{n}", paid, sales, 6)) for n in range(2)]
            end = resolution(self.holds[0], id="call:0/minute", amount=4, kind="call")
            both = "purchase:1"
            steps: list[Any] = [
                [posting(f"{both}/credits", sales, paid, 50, group=both)],
                *(lambda n=n: charge(self.ava, self.ben, 3, f"message:{n}") for n in range(5)),
                self.holds,
                [end],
                [posting("refund:1/debt", debt, sales, 5, group="refund:1")],
                [posting("refund:1/settled", paid, debt, 5, group="refund:1")],
            ]
            for step in steps:
                traveller.shift(timedelta(minutes=1))
                _ = step() if callable(step) else post(step, clock.now())
            seal_waiting(clock.now())


@pytest.fixture
def story() -> Story:
    return Story()


def at(minutes: float) -> str:
    return clock.to_rfc3339(START + timedelta(minutes=minutes))


def everything(api: Any, address: str, **query: str) -> list[dict[str, Any]]:
    """All pages of a list, two rows each."""
    found: list[dict[str, Any]] = []
    page = api.get(f"{LEDGER}/{address}", {"limit": 2, **query}).json()
    while True:
        found += page["results"]
        if not page["next"]:
            return found
        page = api.get(page["next"]).json()


@pytest.mark.mongodb
def test_transfers_are_found_by_whatever_is_known(story: Story) -> None:
    api = staff_api("finance")

    def ids(**query: str) -> list[str]:
        return [one["id"] for one in everything(api, "transfers", **query)]

    chain = list(reversed(ids()))
    assert len(chain) == len(set(chain)) == Transfer.objects.count()
    assert chain[2] == "purchase:1/credits" and chain[-1] == "refund:1/settled"
    messages = [f"message:{n}" for n in range(5)]
    legs = ["message:3/bonus-sales", "message:3/paid-sales"]
    written = messages[:3] + legs + messages[4:]
    assert sorted(ids(kind="message")) == sorted(written)
    assert ids(kind="message", since=at(3), until=at(4)) == ["message:1"]
    assert ids(since=at(7), until=at(8)) == ["call:1", "call:0"]
    assert sorted(ids(group="message:3")) == legs
    assert ids(group="message") == [] and ids(kind="gift") == [] and ids(operation="x") == []
    assert ids(operation="refund:") == ["refund:1/settled", "refund:1/debt"]
    assert ids(operation="message:", until=at(3.5)) == ["message:1", "message:0"]
    ava, ben = str(story.ava), str(story.ben)
    assert set(ids(user_id=ava)) == set(chain) - {f"grant:{ben}"}
    assert ids(user_id=ben) == [f"grant:{ben}"]
    assert ids(user_id=ava, kind="message", since=at(5.5)) == ["message:4"]
    assert ids(user_id=ava, operation="call:") == ["call:0/minute", "call:1", "call:0"]
    assert ids(user_id=ben, group="refund:1") == []
    assert len(ids(user_id=ava, group="refund:1")) == 2
    assert kinds_of_transfers() == ["call", "grant", "message", "test"]
    looked = AuditEntry.objects.filter(action="user.ledger_viewed", target_id=ben)
    assert looked.exists()


@pytest.mark.mongodb
def test_a_search_without_an_index_tells_how_far_it_looked(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SCANNED_MAX", 4)
    monkeypatch.setattr(searching, "CHUNK", 2)
    api = staff_api("finance")
    for query in (
        {"user_id": str(story.ava), "kind": "grant"},
        {"operation": "purchase:", "since": at(-60)},
    ):
        page = api.get(f"{LEDGER}/transfers", query).json()
        assert page["results"] == [] and page["cut_at"] is not None
        found: set[str] = set()
        for _ in range(9):
            page = api.get(f"{LEDGER}/transfers", {**query, "until": page["cut_at"]}).json()
            found |= {one["id"] for one in page["results"]}
            if page["cut_at"] is None:
                break
        assert found in ({f"grant:{story.ava}"}, {"purchase:1/credits"})


@pytest.mark.mongodb
def test_one_transfer_with_its_place_and_proof(story: Story) -> None:
    api = staff_api("analyst")
    hold = api.get(f"{LEDGER}/transfers/call:0").json()
    end = api.get(f"{LEDGER}/transfers/call:0/minute").json()
    assert hold["resolved_by"] == end["transfer"] and end["resolves"] == hold["transfer"]
    assert (hold["resolves"], end["resolved_by"]) == (None, None)
    assert end["sequence"] > hold["sequence"] and end["block"] == 1
    leg = api.get(f"{LEDGER}/transfers/message:3/paid-sales").json()
    assert [one["id"] for one in leg["others"]] == ["message:3/bonus-sales"]
    assert api.get(f"{LEDGER}/transfers/nothing").status_code == 404
    assert api.get(f"{LEDGER}/transfers/nothing/proof").status_code == 404
    proof = api.get(f"{LEDGER}/transfers/message:3/paid-sales/proof").json()
    documented_check()(proof, [signing.signing_key().public_key])


@pytest.mark.mongodb
def test_accounts_and_what_the_house_stands_at(story: Story) -> None:
    api = staff_api("analyst")
    house = api.get(f"{LEDGER}/accounts", {"q": "house:"}).json()["results"]
    assert {one["key"]: one["balance"] for one in house}["house:promotions:CREDIT"] == -20
    assert everything(api, "accounts")[0]["owner_id"] is None, "the house comes first"
    paid = api.get(f"{LEDGER}/accounts", {"q": f"{story.ava.hex}:paid"}).json()["results"][0]
    assert api.get(f"{LEDGER}/accounts/{paid['id']}").json() == paid
    assert (paid["balance"], paid["held"], paid["stops"]) == (36, 6, 0)
    chain = api.get(f"{LEDGER}/chain").json()
    assert (chain["blocks"], chain["transfers"]) == (1, Transfer.objects.count())
    blocks = api.get(f"{LEDGER}/blocks").json()["results"]
    assert chain["head"] == blocks[0]["hash"]


@pytest.mark.mongodb
def test_a_statement_adds_up_from_either_end(story: Story) -> None:
    api = staff_api("analyst")
    address = f"statements/{story.ava}"
    lines = everything(api, address)
    assert len(lines) == 13
    assert {kind: lines[0][kind] for kind in ("paid", "bonus", "debt")} == {
        kind: pockets_of(story.ava)[kind] for kind in ("paid", "bonus", "debt")
    }
    assert lines[-1]["balance"] == lines[-1]["bonus"] == 10
    for newer, older in zip(lines, lines[1:], strict=False):
        changed = newer["credits"]
        pocket = newer["account"]
        sign = -1 if pocket == "debt" else 1
        assert newer[pocket] == older[pocket] + sign * changed, newer
        assert newer["balance"] == newer["paid"] + newer["bonus"]
    settled = lines[0]
    assert (settled["id"], settled["debt"], lines[1]["debt"]) == ("refund:1/settled", 0, 5)
    spent = [(one["account"], one["credits"]) for one in lines if one["group"] == "message:3"]
    assert sorted(spent) == [("bonus", -1), ("paid", -2)], "bonus credits first, then paid ones"

    middle = everything(api, address, since=at(2), until=at(9))
    expected = [one for one in lines if at(2) <= one["created_at"] < at(9)]
    assert middle == expected and middle
    assert everything(api, address, until=at(-1)) == []
    assert Statement(story.ava, until=START).page(None, 5) == []


@pytest.mark.mongodb
def test_files_of_statements_and_transfers(story: Story) -> None:
    finance = staff_api("finance")

    def file(address: str, **query: str) -> str:
        answer: Any = finance.get(f"{LEDGER}/{address}", query)
        assert "attachment; filename=" in answer["Content-Disposition"]
        return b"".join(answer.streaming_content).decode()

    statement = f"statements/{story.ava}/export"
    rows = list(csv.DictReader(io.StringIO(file(statement))))
    lines = everything(finance, f"statements/{story.ava}")
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert [int(row["balance"]) for row in rows] == [line["balance"] for line in lines]

    exported = [json.loads(one) for one in file("export", format="ndjson").splitlines()]
    assert [one["sequence"] for one in exported] == [*range(1, Transfer.objects.count() + 1)]
    assert exported[2]["debit"] == "house:sales:CREDIT"
    some = file("export", format="ndjson", kind="message", since=at(3), until=at(4))
    assert [json.loads(one)["id"] for one in some.splitlines()] == ["message:1"]

    entries = AuditEntry.objects.filter(action__in=["ledger.exported", "user.statement_exported"])
    assert [one.target_type for one in entries.order_by("id")] == ["user", "ledger", "ledger"]
    for role in ("analyst", "support"):
        api, browser = staff_api(role), staff_browser(role)
        for address in ("export", statement):
            assert api.get(f"{LEDGER}/{address}").status_code == 403, (role, address)
        assert browser.get("/admin/payments/transfer/export-file/?format=csv").status_code == 403
        page = f"/admin/payments/account/statement/{story.ava}/"
        assert browser.get(page).status_code == 200
        assert browser.get(f"{page}?format=csv").status_code == 403
    assert entries.count() == 3


def test_a_cell_is_never_a_formula() -> None:
    dangerous = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "plain, text", 'a "quote"']
    text = b"".join(encoded([{"a": one, "b": -5} for one in dangerous], ("a", "b"), "csv"))
    rows = list(csv.reader(io.StringIO(text.decode())))
    assert rows[0] == ["a", "b"]
    assert [row[0] for row in rows[1:]] == [*(f"'{one}" for one in dangerous[:6]), *dangerous[6:]]
    assert {row[1] for row in rows[1:]} == {"-5"}, "a number is no formula"


def test_the_pages_show_what_the_routes_tell(story: Story) -> None:
    browser = staff_browser("finance")

    def text(address: str) -> str:
        answer = browser.get(f"/admin/payments/{address}")
        assert answer.status_code == 200, address
        page: str = answer.content.decode()
        return page

    assert "message:4" in text("transfer/?kind=message") and "call:1" in text("transfer/?kind=test")
    assert "call:1" not in text("transfer/?kind=message")
    assert "message:2" not in text("transfer/?group=message:3")
    page = text("transfer/call:0/change/")
    assert "ended by" in page and "call:0/minute" in page and "signature" in page
    page = text("transfer/message:3_2Fpaid-sales/change/")
    assert "message:3/bonus-sales" in page
    statement = text(f"account/statement/{story.ava}/")
    assert "refund:1/settled" in statement and "Download CSV" in statement
    assert "refund:1/settled" not in text(f"account/statement/{story.ava}/?until=2026-03-01T12:05")
    assert (
        "Download CSV"
        not in staff_browser("analyst")
        .get(f"/admin/payments/account/statement/{story.ava}/")
        .content.decode()
    )
    assert (
        staff_browser("moderator")
        .get(f"/admin/payments/account/statement/{story.ava}/")
        .status_code
        == 403
    )
    assert download(browser).startswith("sequence,id,")


def download(browser: Client) -> str:
    """As the dialog does it: filled in, then sent on to the file."""
    form = {
        "_form_submitted": "True",
        "format": "csv",
        "kind": "message",
        "since": "2026-03-01T12:01",
    }
    answer = browser.post("/admin/payments/transfer/export/", form, headers={"HX-Request": "true"})
    file: Any = browser.get(answer["HX-Redirect"])
    return b"".join(file.streaming_content).decode()


@pytest.mark.mongodb
def test_every_search_seeks_in_an_index() -> None:
    ava, ben = make_people(2, 500)
    for number in range(120):
        charge(ava, ben, 1, f"message:{number}")
    pockets = Pockets(ava=ava)
    hold = pending(posting("call:x", pockets["ava.bonus"], pockets["house.sales"], 5))
    post([hold], clock.now())
    post([resolution(hold, id="call:x/void", amount=0, kind="call")], clock.now())
    seal_waiting(clock.now())
    assert_uses_index(places_of("message", 1, 1000)[:10], documents_max=12)
    assert_uses_index(places_of("call", 1, 1000)[:10], documents_max=12)
    assert_uses_index(places_of("", 1, 1000)[:10], documents_max=12)
    assert_uses_index(ends_of("call:x"), documents_max=3)
    assert_uses_index(find_accounts(str(ava)), documents_max=14)
    assert_uses_index(find_accounts().order_by("-key")[:5], documents_max=8)
    by_name = Search(operation="message:1")
    assert len(by_name.page(None, 7)) == 7
    rows = Transfer.objects.filter(pk__gte="message:1", pk__lt="message:2")
    assert_uses_index(rows.order_by("-id")[:5], documents_max=8)
    assert Account.objects.filter(owner_id=UUID(int=0)).count() == 0
