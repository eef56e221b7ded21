"""The desk where staff give money back, and what buyers do with their credits meanwhile."""

from typing import Any
from uuid import UUID, uuid4

from rest_framework.test import APIClient

from pairly.core import clock
from pairly.core.ids import new_id
from pairly.staff.tests.people import staff_api
from payments.disputes.applying import apply_dispute
from payments.gateways.base import DisputeSeen, DisputeState, RefundSeen, RefundState
from payments.intents.models import Intent, Observed
from payments.intents.observing import Judgement
from payments.models import Transfer
from payments.refunds.applying import apply_refund
from payments.tests.buyers import Buyer
from payments.tests.people import charge, make_people

__all__ = ["Desk", "bought", "dispute_news", "legs_of", "refund_news", "spend"]


class Desk:
    """A member of staff with this role, at work over REST."""

    def __init__(self, role: str = "finance") -> None:
        self.api = staff_api(role)

    def client(self) -> APIClient:
        """One more connection of the same person, for a thread of its own."""
        api = APIClient()
        api.credentials(**self.api._credentials)  # type: ignore[attr-defined]
        return api

    def refund(
        self,
        intent: dict[str, Any],
        amount: int | None = None,
        *,
        key: str | None = None,
        client: APIClient | None = None,
    ) -> Any:
        body = {"reason": "asked for it"} | ({} if amount is None else {"amount": amount})
        headers = {"Idempotency-Key": key or str(uuid4())}
        address = f"/api/v1/staff/payments/{intent['id']}/refund"
        return (client or self.api).post(address, body, headers=headers)

    def refunded(self, intent: dict[str, Any], amount: int | None = None) -> dict[str, Any]:
        answer = self.refund(intent, amount)
        assert answer.status_code == 201, answer.json()
        made: dict[str, Any] = answer.json()
        return made

    def look(self, intent: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/v1/staff/payments/{intent['id']}").json()
        return found

    def adjust(self, buyer: Buyer, kind: str, credits: int) -> None:
        wish = {"kind": kind, "credits": credits, "reason": "so sorry"}
        headers = {"Idempotency-Key": str(uuid4())}
        address = f"/api/v1/staff/users/{buyer.id}/adjustments"
        answer = self.api.post(address, wish, headers=headers)
        assert answer.status_code == 201, answer.json()

    def decide(self, what: str) -> Any:
        """``approve`` or ``reject`` the one request that waits."""
        (waiting,) = self.api.get("/api/v1/staff/approvals").json()["results"]
        headers = {"Idempotency-Key": str(uuid4())}
        address = f"/api/v1/staff/approvals/{waiting['id']}/{what}"
        return self.api.post(address, {"reason": "looked at it"}, headers=headers)


def bought(buyer: Buyer, **body: Any) -> dict[str, Any]:
    """A purchase that is paid: ``small``, 50 credits for 5000 paise, or what the body says."""
    intent = buyer.intent(**body)
    buyer.play(intent, "succeed")
    return buyer.look(intent)


def spend(buyer: Buyer, credits: int) -> None:
    (other,) = make_people(1)
    charge(UUID(buyer.id), other, credits, f"message:{new_id()}")


def legs_of(operation: str) -> dict[str, tuple[str, int, str]]:
    """Phase, amount and asset of each leg of an operation, by name."""
    rows = Transfer.objects.filter(group=operation)
    return {row.pk.rpartition("/")[2]: (row.phase, row.amount, row.asset) for row in rows}


def refund_news(
    intent: dict[str, Any], state: str, amount: int, *, ref: str = "re_dashboard", **more: Any
) -> Judgement:
    """The provider says something of a refund, one made in its dashboard unless ``more`` names
    ours."""
    known = Intent.objects.get(pk=intent["id"])
    fields: dict[str, Any] = {"refund_id": None, "currency": known.currency, **more}
    seen = RefundSeen(
        provider=known.provider,
        ref=ref,
        intent_id=None,
        payment_ref=known.provider_ref,
        state=RefundState(state),
        amount_minor=amount,
        at=clock.now(),
        **fields,
    )
    return apply_refund(
        intent_id=known.pk, seen=seen, source=Observed.Source.WEBHOOK, now=clock.now()
    )


def dispute_news(
    intent: dict[str, Any], state: str, amount: int, *, ref: str = "dp_1", **more: Any
) -> Judgement:
    known = Intent.objects.get(pk=intent["id"])
    fields = {"currency": known.currency, "reason": "fraudulent", **more}
    seen = DisputeSeen(
        provider=known.provider,
        ref=ref,
        intent_id=None,
        payment_ref=known.provider_ref,
        state=DisputeState(state),
        amount_minor=amount,
        at=clock.now(),
        **fields,
    )
    return apply_dispute(
        intent_id=known.pk, seen=seen, source=Observed.Source.WEBHOOK, now=clock.now()
    )
