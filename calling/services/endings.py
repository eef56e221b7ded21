"""The end of a call: settled, its people free and told, in one transaction."""

from datetime import datetime
from uuid import UUID

from prometheus_client import Counter

from calling import slots
from calling.events import CallEnded
from calling.models import Call
from calling.schemas import CallEndedData
from calling.services import billing
from calling.services.desk import Desk, change
from calling.services.kept import forget
from calling.states import Reason, Status, check_ending
from pairly.core.db import on_commit
from pairly.outbox.services import emit

__all__ = ["finish"]

ENDED = Counter("pairly_calls_ended", "Calls that came to an end.", ("reason",))


def finish(
    call: Call, reason: Reason, *, at: datetime, desk: Desk, ended_by: UUID | None = None
) -> None:
    """End a live call. Raises ``Conflict`` where the table of states has no such end.

    ``at`` is when it ended, and what it is billed up to: for one that fell silent the last sign of
    life of the weaker side, for one whose credits ran out the end of the last paid minute.
    """
    check_ending(reason, call.status)
    if call.status == Status.ACTIVE and reason not in (Reason.DROPPED, Reason.NO_CREDIT):
        at = max(at, call.seen_at)  # the clock may have gone back
    changes = billing.settle(call, at, desk)
    change(
        call,
        status=Status.ENDED.value,
        end_reason=reason.value,
        ended_by_id=ended_by,
        ended_at=at,
        billed_seconds=-(-call.talked(at) // 1000),
        due_at=None,
        **changes,
    )
    slots.free(call.people, call.pk)
    forget(call.pk)
    desk.tell_both(
        call,
        "call.ended",
        lambda view: CallEndedData(
            view,
            reason.value,  # type: ignore[arg-type]
            call.billed_seconds,
            call.credits,
        ),
    )
    emit(
        CallEnded(
            call_id=call.pk,
            caller_id=call.caller_id,
            callee_id=call.callee_id,
            media=call.media,
            reason=reason.value,
            seconds=call.billed_seconds,
            credits=call.credits,
            at=at,
        )
    )
    on_commit(ENDED.labels(reason.value).inc)
