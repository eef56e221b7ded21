"""The chain's arithmetic against the standards, and the head file after crashes."""

import hashlib
import stat
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pairly.core.chain import (
    GENESIS_HASH,
    Head,
    Header,
    HeadFile,
    SigningKey,
    canonical,
    inclusion_path,
    leaf_hash,
    merkle_root,
    signature_is_valid,
)
from pairly.demo.proofs import root_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ASCII_NAMES = st.text(st.characters(max_codepoint=127), max_size=8)


@given(st.dictionaries(ASCII_NAMES, TEXTS))
def test_canonical_bytes_are_those_of_rfc_8785(record: dict[str, str]) -> None:
    assert canonical(record) == rfc8785.dumps(record)


@pytest.mark.parametrize("record", [{"a": 1}, {"a": None}, {"ä": "1"}, {"a": ["x"]}])
def test_what_is_not_flat_text_has_no_canonical_bytes(record: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        canonical(record)


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def test_merkle_trees_of_every_size_and_their_paths() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(67)]
    assert merkle_root([]) == hashlib.sha256(b"").digest()
    for count in range(1, len(leaves) + 1):
        root = merkle_root(leaves[:count])
        assert root == tree_hash(leaves[:count])
        for index in range(count):
            path = inclusion_path(leaves[:count], index)
            assert root_of(leaves[index], index=index, count=count, path=path) == root


def header(number: int = 1, key: str = "ab") -> Header:
    return Header(
        chain="test",
        number=number,
        first_sequence=1,
        count=2,
        previous_hash=GENESIS_HASH,
        root="00",
        totals="{}",
        sealed_at_milliseconds=1,
        key=key,
    )


def test_every_field_of_a_header_is_hashed() -> None:
    one = header()
    hashes = {one.hash()}
    for name in one.record().keys() - {"v"}:
        value = getattr(one, name)
        other = {**{field: getattr(one, field) for field in one.record() if field != "v"}}
        other[name] = value + 1 if isinstance(value, int) else value + "x"
        hashes.add(Header(**other).hash())
    assert len(hashes) == 1 + len(one.record().keys() - {"v"})


def test_signatures_and_the_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "key"
    key = SigningKey.from_file(path, create=True)
    assert SigningKey.from_file(path, create=True).public_key == key.public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key"]
    with pytest.raises(FileNotFoundError):
        SigningKey.from_file(tmp_path / "absent")
    hash_hex = header().hash()
    signature = key.sign(hash_hex)
    good = {"public_key": key.public_key, "signature": signature, "hash_hex": hash_hex}
    assert signature_is_valid(**good)
    for name, value in (
        ("hash_hex", header(2).hash()),
        ("public_key", SigningKey("11" * 32).public_key),
        ("signature", "00" * 64),
        ("signature", "no hex"),
    ):
        assert not signature_is_valid(**{**good, name: value})


def head(number: int, chain: str = "test") -> Head:
    return Head(
        chain=chain, number=number, last_sequence=number, hash="ab" * 32, key="", signature=""
    )


def test_a_torn_line_is_passed_over_and_closed_off(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "heads.jsonl")
    assert list(file.heads("test")) == [] and file.newest("test") is None
    file.append(head(1))
    with file.path.open("ab") as torn:
        torn.write(b'{"chain":"test","number":2,"last')
    assert list(file.heads("test")) == [head(1)]
    file.append(head(2))
    file.append(head(9, chain="other"))
    assert list(file.heads("test")) == [head(1), head(2)]
    assert file.newest("test") == head(2)


def test_reading_from_the_middle_of_a_long_file(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "heads.jsonl")
    for number in range(1, 1001):
        file.append(head(number))
    for after in (0, 1, 400, 999, 1000):
        found = [one.number for one in file.heads("test", after=after)]
        assert found[-1] == 1000 and found == list(range(found[0], 1001))
        assert found[0] <= max(after, 1)
    assert next(file.heads("test", after=999)).number > 500
    newest = file.newest("test")
    assert newest is not None and newest.number == 1000
