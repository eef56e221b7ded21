"""The check that ``docs/ledger.md`` gives to clients, run as it stands there."""

import re
from dataclasses import asdict
from typing import Any

import pytest
from django.conf import settings

from pairly.core import clock, signing
from payments.services import prove
from payments.tests.people import charge, make_people


def documented_check() -> Any:
    text = (settings.BASE_DIR / "docs" / "ledger.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["check"]


def test_the_documented_check_takes_good_proofs_and_no_others() -> None:
    check, keys = documented_check(), [signing.signing_key().public_key]
    ava, ben = make_people(2, 50)
    for number in range(5):
        charge(ava, ben, 1, f"message:{number}")
    now = clock.now()
    proofs = [
        asdict(prove(user_id=ava, transfer_id=f"message:{number}", now=now)) for number in range(5)
    ]
    for proof in proofs:
        check(proof, keys)
    proof = proofs[2]
    header = proof["header"]
    for changed in (
        {"leaf": proof["leaf"].replace('"amount":"1"', '"amount":"2"')},
        {"index": proof["index"] - 1},
        {"path": proof["path"][:-1]},
        {"path": [*proof["path"], "00" * 32]},
        {"header": {**header, "count": "99"}},
        {"header": {**header, "root": "00" * 32}},
        {"header": {**header, "number": "9"}},
        {"signature": proofs[2]["signature"][::-1]},
        {"key": "00" * 32},
    ):
        with pytest.raises(Exception):  # noqa: B017 - the snippet has errors of several kinds
            check({**proof, **changed}, keys)
    with pytest.raises(AssertionError):
        check(proof, ["00" * 32])
