"""What other apps hear of purchases, refunds and disputes."""

from collections.abc import Iterator
from typing import Any

import pytest

from pairly.core import clock
from pairly.outbox.dispatch import dispatch_all
from pairly.outbox.registry import Registry
from payments import events
from payments.refunds.models import Refund
from payments.simulator.services import deliver_settled
from payments.tests.buyers import Buyer
from payments.tests.desk import Desk, bought

pytestmark = pytest.mark.mongodb

HEARD: list[Any] = []


def hear(told: Any) -> None:
    HEARD.extend(told)


@pytest.fixture(autouse=True)
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody who listens to everything, inside the transactions."""
    inside = Registry.inside
    kinds = [getattr(events, name) for name in events.__all__ if name != "WebhookReceived"]

    def also(registry: Registry, event_type: type[Any]) -> Any:
        return (*inside(registry, event_type), *([hear] if event_type in kinds else []))

    monkeypatch.setattr(Registry, "inside", also)
    HEARD.clear()
    yield
    HEARD.clear()


def heard() -> list[str]:
    names = [type(one).__name__ for one in HEARD]
    HEARD.clear()
    return names


@pytest.mark.usefixtures("trusting")
def test_each_is_told_once() -> None:
    buyer, desk = Buyer(), Desk()
    assert heard() == ["CreditsAdded"]  # the welcome bonus
    declined = buyer.intent()
    buyer.play(declined, "decline")
    (failed,) = HEARD
    assert (str(failed.intent_id), failed.failure_code) == (declined["id"], "card_declined")
    HEARD.clear()
    intent = bought(buyer)
    buyer.play(intent, "duplicate")
    assert heard() == ["PurchaseCompleted"]

    desk.refunded(intent, 1000)
    (settled,) = HEARD
    assert (str(settled.user_id), settled.amount_minor, settled.credits) == (buyer.id, 1000, 10)
    HEARD.clear()
    buyer.play(intent, "dispute")
    buyer.play(intent, "dispute_lost")
    assert [one.amount_minor for one in HEARD] == [4000, 4000] and not HEARD[1].won
    assert heard() == ["DisputeOpened", "DisputeClosed"]

    other = bought(buyer)
    buyer.play(other, "refund_fails")
    desk.refunded(other)
    assert heard() == ["PurchaseCompleted"]
    deliver_settled(clock.now())
    dispatch_all()
    assert heard() == ["RefundFailed"]
    assert Refund.objects.filter(state="failed").count() == 1
