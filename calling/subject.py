"""Calls in the moderation queue."""

from uuid import UUID

from calling import clock
from calling.models import Call
from calling.services.refunds import refund_call
from pairly.accounts.staff_rows import moment
from pairly.moderation.subjects import Decision, Shown, Subject

__all__ = ["CallSubject"]


class CallSubject(Subject):
    """Whoever reports a call complains of the other one in it. There are no words to be kept."""

    can = frozenset({"refund"})

    def author_of(self, target_id: UUID, reporter_id: UUID) -> UUID | None:
        call = Call.objects.filter(pk=target_id).first()
        return call.peer_of(reporter_id) if call and call.has(reporter_id) else None

    def text_of(self, target_id: UUID) -> str:
        return ""

    def show(self, target_id: UUID) -> Shown:
        call = Call.objects.get(pk=target_id)
        facts = (
            ("Media", call.get_media_display()),
            ("Called (UTC)", moment(call.created_at)),
            ("Talked", f"{call.billed_seconds} s"),
            ("Cost", f"{call.credits} credits, {call.refunded} given back"),
        )
        return Shown(facts=facts)

    def refund(self, *, target_id: UUID, decision: Decision) -> int:
        """All that is left, named by the call itself: once for ever."""
        refund = refund_call(
            call_id=target_id,
            credits=None,
            reason=decision.reason,
            actor_id=decision.actor_id,
            operation_id=target_id,
            now=clock.now(),
            request_id=decision.request_id,
        )
        return refund.credits
