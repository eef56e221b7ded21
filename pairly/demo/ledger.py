"""Steps about the ledger: a person proves a transaction without trusting the server."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pairly.demo import proofs
from pairly.demo.clients import Json, Person
from pairly.demo.story import CheckFailed, Story, expect, expect_refusal

__all__ = ["prove_transactions", "refuse_proof_to_others", "see_through_forgery"]


def prove_transactions(story: Story) -> str:
    """Ava proves her first and her newest transaction by path and signature"""
    transactions = story.ava.all_of("wallet/transactions")
    chosen = [transactions[-1], transactions[0]]
    fetched = [_proof(story.ava, transaction) for transaction in chosen]
    head = story.ava.call("GET", "ledger/head")
    _check_signature(head, "the head")
    for transaction, proof in zip(chosen, fetched, strict=True):
        _check_proof(proof)
        _check_same(transaction, proof)
        if proof["key"] not in head["keys"]:
            raise CheckFailed("the proof is signed by a key that the server does not name")
        if proof["sequence"] > head["sequence"]:
            raise CheckFailed("the proof reaches beyond the newest head")
    blocks = sorted({int(proof["header"]["number"]) for proof in fetched})
    return f"{len(fetched)} proofs, blocks {', '.join(map(str, blocks))} of {head['block']}"


def see_through_forgery(story: Story) -> str:
    """A proof with another amount, place or root does not verify"""
    proof = _proof(story.ava, story.ava.all_of("wallet/transactions?limit=1", pages_max=1)[0])
    _check_proof(proof)
    leaf = json.loads(proof["leaf"])
    richer = proofs.canonical(leaf | {"amount": f"{leaf['amount']}0"}).decode()
    header = proof["header"]
    forgeries: list[Json] = [
        {"leaf": richer},
        {"leaf": richer, "leaf_hash": proofs.hash_of_leaf(json.loads(richer)).hex()},
        {"index": proof["index"] + 1, "sequence": proof["sequence"] + 1},
        {"header": header | {"root": "0" * 64}},
        {"signature": "0" * 128},
    ]
    for forgery in forgeries:
        if _is_valid(proof | forgery):
            raise CheckFailed(f"a forged proof verifies: {sorted(forgery)}")
    return f"{len(forgeries)} forgeries seen through"


def refuse_proof_to_others(story: Story) -> str:
    """Ben gets no proof of what is Ava's"""
    transaction = story.ava.all_of("wallet/transactions?limit=1", pages_max=1)[0]
    refusal = expect_refusal("not_found", _proof, story.ben, transaction)
    return f"{refusal.status} {refusal.code}"


def _proof(person: Person, transaction: Mapping[str, Any]) -> Json:
    name = quote(transaction["id"], safe="")
    proof: Json = person.call("GET", f"ledger/transfers/{name}/proof")
    return proof


def _check_same(transaction: Mapping[str, Any], proof: Json) -> None:
    """The proof is of this transaction and not of some other."""
    leaf = json.loads(proof["leaf"])
    shown = (transaction["id"], str(transaction["amount"]), transaction["kind"])
    expect((leaf["id"], leaf["amount"], leaf["kind"]), shown, "what the proved leaf says")


def _is_valid(proof: Json) -> bool:
    try:
        _check_proof(proof)
    except (CheckFailed, ValueError):
        return False
    return True


def _check_proof(proof: Json) -> None:
    """From the leaf to the root, from the root's header to its signature."""
    header = proof["header"]
    leaf = json.loads(proof["leaf"])
    expect(proofs.canonical(leaf).decode(), proof["leaf"], "canonical form of the leaf")
    leaf_hash = proofs.hash_of_leaf(leaf)
    expect(leaf_hash.hex(), proof["leaf_hash"], "hash of the leaf")
    root = proofs.root_of(
        leaf_hash,
        index=proof["index"],
        count=int(header["count"]),
        path=[bytes.fromhex(node) for node in proof["path"]],
    )
    expect(root.hex(), header["root"], "Merkle root at the end of the path")
    expect(proof["sequence"], int(header["first_sequence"]) + proof["index"], "place in the chain")
    expect(proofs.hash_of_header(header).hex(), proof["hash"], "hash of the block's header")
    expect(proof["key"], header["key"], "the key named in the header")
    _check_signature(proof, "the block")


def _check_signature(signed: Mapping[str, Any], what: str) -> None:
    if not proofs.is_signed_by(signed["key"], signed["signature"], bytes.fromhex(signed["hash"])):
        raise CheckFailed(f"the signature of {what} is not valid")
