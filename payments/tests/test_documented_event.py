"""The event that docs/payments.md tells how to sign is one that we take."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.tests.buyers import Buyer, deliver

PAGE = Path(__file__).resolve().parents[2] / "docs/payments.md"


def test_the_documented_event_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    source = re.sub(r"^intent = .*$", "", source, flags=re.MULTILINE)
    answers: list[Any] = []

    def post(url: str, *, content: bytes, headers: dict[str, str]) -> None:
        assert url.endswith("/api/v1/webhooks/stripe")
        answers.append(deliver(content, headers["Stripe-Signature"]))

    monkeypatch.setattr(httpx, "post", post)
    buyer = Buyer()
    exec(source, {"intent": buyer.intent()})
    assert [answer.status_code for answer in answers] == [200]
    assert buyer.bought == 50
