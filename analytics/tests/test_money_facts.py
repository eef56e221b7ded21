"""Money that moved is told once, with the amounts of the books."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db.models import Sum

from analytics.models import Event
from payments.models import Intent
from payments.reports.models import RevenueDay
from payments.tasks import roll_up_reports, seal_ledger
from payments.tests.buyers import Buyer
from payments.tests.desk import Desk, bought

pytestmark = pytest.mark.mongodb


def told(buyer: Buyer) -> dict[str, list[dict[str, Any]]]:
    facts: dict[str, list[dict[str, Any]]] = {}
    for event in Event.objects.filter(user_id=UUID(buyer.id)):
        facts.setdefault(event.name, []).append(orjson.loads(event.props))
    return facts


def test_purchases_refunds_and_disputes_are_told_as_they_are_booked() -> None:
    ada, ben = Buyer(), Buyer()
    kept = bought(ada)
    Desk().refunded(kept, 1000)
    lost = bought(ben)
    for outcome in ("dispute", "dispute_lost"):
        ben.play(lost, outcome)
    money = {"amount_minor": 5000, "currency": "INR"}
    purchase = money | {"credits": 50, "provider": "stripe", "package": "small"}
    facts = told(ada)
    assert facts["user.registered"] == [{}]
    assert facts["purchase.completed"] == [purchase]
    assert facts["refund.posted"] == [{"amount_minor": 1000, "currency": "INR"}]
    facts = told(ben)
    assert facts["dispute.opened"] == [money]
    assert facts["dispute.closed"] == [money | {"won": False}]
    assert Event.objects.get(name="purchase.completed", user_id=UUID(ada.id)).at == (
        Intent.objects.get(pk=kept["id"]).paid_at
    )
    seal_ledger()
    roll_up_reports()
    booked = RevenueDay.objects.aggregate(gross=Sum("gross_minor"), refunds=Sum("refunds_minor"))
    purchases = Event.objects.filter(name="purchase.completed").values_list("props", flat=True)
    assert sum(orjson.loads(props)["amount_minor"] for props in purchases) == booked["gross"]
    assert booked["refunds"] == 1000
