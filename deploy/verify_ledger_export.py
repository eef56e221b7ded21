#!/usr/bin/env python3
"""Check an export of Pairly's ledger without Pairly.

    python3 verify_ledger_export.py ledger.jsonl --key HEX [--key HEX ...] [--heads heads.jsonl]

Needs Python 3.11 and the ``cryptography`` package, and nothing of Pairly. The export is what
``manage.py export_ledger`` writes; keys are the public keys that ``GET
/api/v1/ledger/head`` lists, the heads file is one that was kept away from the database. The
rules are in docs/ledger.md and written down here a second time on purpose.

Exit status 0 if everything holds, 1 with the first bad place if not.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER_NAMES = {
    *("chain", "count", "first_sequence", "key", "number", "previous_hash", "root"),
    *("sealed_at_milliseconds", "totals", "v"),
}
LEAF_NAMES = {
    *("amount", "asset", "created_at", "credit", "debit", "group", "id", "kind", "meta"),
    *("phase", "resolves", "v"),
}

Record = dict[str, Any]


class Broken(Exception):
    """The first bad place, in a sentence."""


class Ledger:
    """Everything read so far. Feed it the lines of an export in order, then ``finish``."""

    def __init__(self, keys: Sequence[str], heads: dict[int, Record]) -> None:
        self.keys = {key: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for key in keys}
        self.heads = heads
        self.block: Record | None = None
        self.leaves: list[bytes] = []
        self.number = self.sequence = self.waiting = self.accounts = 0
        self.hash = "0" * 64
        self.ids: set[bytes] = set()
        self.balances: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.holds: dict[str, Record] = {}
        self.resolutions: dict[str, Record] = {}
        self.totals: dict[str, str] = {}
        self.seen: set[str] = set()
        self.house: dict[str, int] = {}
        self.ended = False

    def feed(self, record: Record) -> None:
        if self.ended:
            raise Broken("something follows the end of the export")
        kind = record.pop("type", None)
        if kind == "transfer":
            self.transfer(record["leaf"])
            return
        self.close_block()
        if kind == "block":
            self.open_block(record)
        elif kind == "waiting":
            self.waiting += 1
            self.add(record["leaf"])
        elif kind == "account":
            self.account(record)
        elif kind == "end":
            self.end(record)
        else:
            raise Broken(f"a line of unknown type {kind!r}")

    def open_block(self, record: Record) -> None:
        header = record["header"]
        number = int(header["number"])
        if header.keys() != HEADER_NAMES or self.waiting or self.accounts:
            raise Broken(f"block {number}: misshapen, or out of its place")
        data = b"\x02" + canonical(header)
        problems = (
            (header["chain"] != "ledger" or header["v"] != "1", "not a block of the ledger"),
            (number != self.number + 1, "the block before it is missing"),
            (int(header["first_sequence"]) != self.sequence + 1, "it starts at a wrong place"),
            (header["previous_hash"] != self.hash, "it does not follow the block before"),
            (hashlib.sha256(data).hexdigest() != record["hash"], "its hash is wrong"),
            (header["key"] not in self.keys, "it is signed by a key that was not given"),
        )
        for broken, reason in problems:
            if broken:
                raise Broken(f"block {number}: {reason}")
        try:
            self.keys[header["key"]].verify(
                bytes.fromhex(record["signature"]), bytes.fromhex(record["hash"])
            )
        except (InvalidSignature, ValueError):
            raise Broken(f"block {number}: its signature is not valid") from None
        told = self.heads.pop(number, None)
        if told is not None and told["hash"] != record["hash"]:
            raise Broken(f"block {number}: a kept head tells of another one")
        self.block = record

    def transfer(self, leaf: Record) -> None:
        if self.block is None:
            raise Broken(f"transfer {leaf.get('id')}: it lies in no block")
        data = self.add(leaf)
        self.leaves.append(hashlib.sha256(b"\x00" + data).digest())

    def close_block(self) -> None:
        if self.block is None:
            return
        header = self.block["header"]
        place = f"block {header['number']} (transfers from {header['first_sequence']} on)"
        if len(self.leaves) != int(header["count"]) or not self.leaves:
            raise Broken(f"{place}: {len(self.leaves)} transfers, {header['count']} sealed")
        if merkle_root(self.leaves).hex() != header["root"]:
            raise Broken(f"{place}: the transfers do not give its Merkle root")
        self.totals = json.loads(header["totals"])
        self.number, self.hash = int(header["number"]), self.block["hash"]
        self.sequence += len(self.leaves)
        self.block, self.leaves = None, []

    def add(self, leaf: Record) -> bytes:
        """Book a transfer; its canonical bytes."""
        name = leaf.get("id")
        if leaf.keys() != LEAF_NAMES or leaf["v"] != "1":
            raise Broken(f"transfer {name}: misshapen")
        data = canonical(leaf)
        digest = hashlib.sha256(leaf["id"].encode()).digest()
        if digest in self.ids:
            raise Broken(f"transfer {name}: it is there twice")
        self.ids.add(digest)
        amount, debit, credit = int(leaf["amount"]), leaf["debit"], leaf["credit"]
        if amount < 1 or debit == credit:
            raise Broken(f"transfer {name}: it moves nothing")
        phase = leaf["phase"]
        if phase == "pending":
            self.hold(leaf)
        elif phase in ("post", "void"):
            self.resolve(leaf)
        elif phase != "posted":
            raise Broken(f"transfer {name}: unknown phase {phase}")
        if phase in ("posted", "post"):
            self.balances[debit] = self.balances.get(debit, 0) - amount
            self.balances[credit] = self.balances.get(credit, 0) + amount
        return data

    def hold(self, leaf: Record) -> None:
        self.held[leaf["debit"]] = self.held.get(leaf["debit"], 0) + int(leaf["amount"])
        resolution = self.resolutions.pop(leaf["id"], None)
        if resolution is None:
            self.holds[leaf["id"]] = leaf
        else:
            self.settle(leaf, resolution)

    def resolve(self, leaf: Record) -> None:
        hold = self.holds.pop(leaf["resolves"], None)
        if hold is not None:
            self.settle(hold, leaf)
        elif leaf["resolves"] in self.resolutions:
            raise Broken(f"transfer {leaf['id']}: its hold is resolved twice")
        else:
            self.resolutions[leaf["resolves"]] = leaf

    def settle(self, hold: Record, leaf: Record) -> None:
        amount, held = int(leaf["amount"]), int(hold["amount"])
        same = all(hold[name] == leaf[name] for name in ("debit", "credit", "asset"))
        if not same or amount > held or (leaf["phase"] == "void" and amount != held):
            raise Broken(f"transfer {leaf['id']}: it does not fit the hold it resolves")
        self.held[hold["debit"]] -= held

    def account(self, record: Record) -> None:
        """A running balance is the sum of its transfers; house accounts keep none."""
        self.accounts += 1
        self.seen.add(record["id"])
        owner, kind, _asset = record["key"].split(":")
        if record["id"][12] == "8" and record["id"] != account_id(record["key"]):
            raise Broken(f"account {record['key']}: its id is not that of its name")
        expected = (self.balances.get(record["id"], 0), self.held.get(record["id"], 0))
        if kind == "debt":
            expected = (-expected[0], expected[1])
        if owner == "house":
            self.house[record["key"]] = expected[0]
            expected = (0, 0)
        elif not 0 <= expected[1] <= expected[0]:
            raise Broken(f"account {record['key']}: its transfers overdraw it")
        if (record["balance"], record["held"]) != expected:
            raise Broken(
                f"account {record['key']}: it stands at {record['balance']} with {record['held']}"
                f" held; its transfers come to {expected[0]} and {expected[1]}"
            )

    def end(self, record: Record) -> None:
        if (record["blocks"], record["transfers"]) != (self.number, self.sequence):
            raise Broken("the export ends at another place than it says")
        if self.resolutions:
            raise Broken(f"transfer {min(self.resolutions.values(), key=str)['id']}: no hold")
        unknown = (self.balances.keys() | self.held.keys()) - self.seen
        if unknown:
            raise Broken(f"account {min(unknown)}: it has transfers and is not in the export")
        if not self.waiting:
            self.check_totals()
        self.ended = True

    def check_totals(self) -> None:
        """Without waiting transfers the last block's totals are today's."""
        for key, total in self.totals.items():
            if self.house.get(key) != int(total):
                raise Broken(f"account {key}: it stands at {self.house.get(key)}, not {total}")

    def finish(self) -> None:
        if not self.ended:
            raise Broken(f"the export is cut off after transfer {self.sequence}")
        if self.heads:
            first = min(self.heads)
            raise Broken(f"block {first}: a kept head tells of it, and the export ends before")


def canonical(record: Record) -> bytes:
    """RFC 8785, for flat objects with ASCII names and texts only."""
    if not all(isinstance(value, str) and name.isascii() for name, value in record.items()):
        raise Broken(f"not a flat object of texts: {record}")
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def account_id(key: str) -> str:
    """The id that an account has by its name: a UUID of version 8. Older ids are random."""
    digits = hashlib.sha256(b"pairly ledger account\x00" + key.encode()).hexdigest()[:32]
    first = f"{int(digits[0], 16) & 7 | (8 if key.startswith('house:') else 0):x}"
    variant = f"{int(digits[16], 16) & 3 | 8:x}"
    return f"{first}{digits[1:12]}8{digits[13:16]}{variant}{digits[17:]}"


def merkle_root(level: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, over leaf hashes."""
    while len(level) > 1:
        above = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = above + level[len(above) * 2 :]
    return level[0]


def kept_heads(path: Path | None, keys: Sequence[str]) -> dict[int, Record]:
    """The ledger's heads by block; torn lines are passed over, foreign keys are not."""
    heads: dict[int, Record] = {}
    for line in path.read_bytes().splitlines() if path else ():
        try:
            head = json.loads(line)
        except ValueError:
            continue
        if not isinstance(head, dict) or head.get("chain") != "ledger":
            continue
        if head["key"] not in keys:
            raise Broken(f"block {head['number']}: a kept head is signed by a foreign key")
        told = heads.setdefault(head["number"], head)
        if told["hash"] != head["hash"]:
            raise Broken(f"block {head['number']}: kept heads contradict each other")
    return heads


def lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
            except ValueError:
                raise Broken(f"line {number} is not JSON") from None
            if not isinstance(record, dict):
                raise Broken(f"line {number} is not an object")
            yield record


def verify(export: Path, keys: Sequence[str], heads: Path | None) -> Ledger:
    """Raises ``Broken`` at the first bad place."""
    ledger = Ledger(keys, kept_heads(heads, keys))
    for record in lines(export):
        try:
            ledger.feed(record)
        except (KeyError, TypeError, AttributeError) as error:
            raise Broken(f"after transfer {ledger.sequence}: misshapen line ({error!r})") from error
        except ValueError as error:
            raise Broken(f"after transfer {ledger.sequence}: {error}") from error
    ledger.finish()
    return ledger


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an export of Pairly's ledger.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", action="append", required=True, help="public key, hex")
    parser.add_argument("--heads", type=Path, help="heads kept outside of the database")
    arguments = parser.parse_args()
    try:
        ledger = verify(arguments.export, arguments.key, arguments.heads)
    except Broken as broken:
        sys.stdout.write(f"THE EXPORT DOES NOT VERIFY. {broken}\n")
        return 1
    sys.stdout.write(
        f"The export verifies: {ledger.sequence} transfers in {ledger.number} blocks,"
        f" {ledger.waiting} waiting, {ledger.accounts} accounts,"
        f" head {ledger.hash}{'' if arguments.heads else ', no kept heads given'}.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
