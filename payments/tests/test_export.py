"""The export and its stand-alone verifier, run as an auditor would: in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import call_command

from pairly.core import clock, signing
from pairly.core.chain import SigningKey
from pairly.core.ids import new_id
from pairly.staff.tests.people import new_staff
from payments.adjustments.services import adjust
from payments.freezes.services import freeze_spending
from payments.ledger.services import pending, post, resolution
from payments.models import Account
from payments.tests.people import Pockets, charge, make_people, posting

SCRIPT = settings.BASE_DIR / "deploy" / "verify_ledger_export.py"


@pytest.fixture
def export(tmp_path: Path, settings: Any) -> Path:
    settings.LEDGER_BLOCK_TRANSFERS_MAX = 4
    ava, ben = make_people(2, 50)
    pockets = Pockets(ava=ava)
    for number in range(5):
        charge(ava, ben, 3, f"message:{number}")
    holds = [
        pending(posting(f"hold:{n}", pockets["ava.bonus"], pockets["house.sales"], 5))
        for n in range(3)
    ]
    post(holds, clock.now())
    post([resolution(holds[0], id="hold:0/post", amount=3, kind="call")], clock.now())
    post([resolution(holds[1], id="hold:1/void", amount=0, kind="call")], clock.now())
    adjust_everything(ava)
    path = tmp_path / "ledger.jsonl"
    call_command("export_ledger", str(path))
    return path


def adjust_everything(user_id: UUID) -> None:
    """Gifts, takings that leave debt, a write-off and a freeze."""
    staff = new_staff("finance").pk
    for kind, credits, book_debt in (
        ("give_paid", 9, False),
        ("take_paid", 12, True),
        ("write_off", 1, False),
        ("give_bonus", 4, False),
        ("take_bonus", 3, False),
        ("give_paid", 1, False),
    ):
        adjust(
            actor_id=staff,
            user_id=user_id,
            kind=kind,
            credits=credits,
            reason="test",
            operation_id=new_id(),
            book_debt=book_debt,
        )
    freeze_spending(actor_id=staff, user_id=user_id, reason="test")


def audit(path: Path, *more: str, key: str = "") -> tuple[int, str]:
    arguments = ["--key", key or signing.signing_key().public_key, *more]
    ran = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=path.parent,
    )
    assert not ran.stderr, ran.stderr
    return ran.returncode, ran.stdout


def heads() -> str:
    return str(signing.head_files()[0].path)


def test_a_good_export_verifies_and_a_cut_one_does_not(export: Path) -> None:
    status, said = audit(export, "--heads", heads())
    assert status == 0 and "The export verifies: 20 transfers" in said
    assert "no kept heads" in audit(export)[1]
    other = SigningKey("42" * 32).public_key
    assert audit(export, key=other) == (
        1,
        "THE EXPORT DOES NOT VERIFY. block 1: it is signed by a key that was not given\n",
    )
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join(lines[:-1]))
    assert "cut off" in audit(export)[1]
    last_block = max(n for n, line in enumerate(lines) if '"type":"block"' in line)
    accounts = next(n for n, line in enumerate(lines) if '"type":"account"' in line)
    export.write_text("".join(lines[:last_block] + lines[accounts:]))
    assert audit(export, "--heads", heads())[0] == 1


Edit = Callable[[list[dict[str, Any]]], None]


def transfer(records: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return [one for one in records if one["type"] == "transfer"][number]


def edited_leaf(name: str) -> Edit:
    def edit(records: list[dict[str, Any]]) -> None:
        leaf = transfer(records, 3)["leaf"]
        leaf[name] = "7" if name in ("amount", "created_at") else leaf[name] + "x"

    return edit


def edited_header(name: str) -> Edit:
    def edit(records: list[dict[str, Any]]) -> None:
        header = [one for one in records if one["type"] == "block"][1]["header"]
        header[name] = "9" if header[name].isdigit() and len(header[name]) < 9 else "0" * 64

    return edit


def drop(records: list[dict[str, Any]]) -> None:
    records.remove(transfer(records, 4))


def swap(records: list[dict[str, Any]]) -> None:
    one, two = transfer(records, 2), transfer(records, 3)
    one["leaf"], two["leaf"] = two["leaf"], one["leaf"]


def double(records: list[dict[str, Any]]) -> None:
    records.insert(3, dict(transfer(records, 1)))


def richer(records: list[dict[str, Any]]) -> None:
    account = next(one for one in records if one["type"] == "account" and one["balance"])
    account["balance"] += 1


def exchange(records: list[dict[str, Any]]) -> None:
    bonus = [one for one in records if one["type"] == "account" and ":bonus:" in one["key"]]
    one, two = bonus[:2]
    one["key"], two["key"] = two["key"], one["key"]


def no_account(records: list[dict[str, Any]]) -> None:
    records.remove(next(one for one in records if one["type"] == "account" and one["balance"]))


EDITS: dict[str, Edit] = {
    **{
        f"leaf {name}": edited_leaf(name)
        for name in (
            *("amount", "asset", "created_at", "credit", "debit", "group", "id", "kind"),
            *("meta", "phase", "resolves", "v"),
        )
    },
    **{
        f"header {name}": edited_header(name)
        for name in (
            *("chain", "count", "first_sequence", "key", "number", "previous_hash", "root"),
            *("sealed_at_milliseconds", "totals", "v"),
        )
    },
    "dropped": drop,
    "swapped": swap,
    "doubled": double,
    "balance": richer,
    "owners": exchange,
    "account": no_account,
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_export_does_not_verify(export: Path, name: str) -> None:
    records = [json.loads(line) for line in export.read_text().splitlines()]
    EDITS[name](records)
    export.write_text("".join(json.dumps(record) + "\n" for record in records))
    status, said = audit(export)
    assert status == 1 and "DOES NOT VERIFY" in said, said


def test_kept_heads_are_held_against_the_export(export: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(Path(heads()).read_text().replace('"hash":"', '"hash":"0', 1))
    assert "a kept head tells of another" in audit(export, "--heads", str(kept))[1]


def test_a_broken_ledger_is_not_exported(export: Path, tmp_path: Path) -> None:
    Account.objects.filter(kind="bonus", balance__gt=0).update(balance=1_000)
    target = tmp_path / "second.jsonl"
    with pytest.raises(SystemExit):
        call_command("export_ledger", str(target))
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]
