"""Where a live call should stand by now. Sweepers ask so that it gets there, and every command
before it does anything, so that nothing depends on when a sweeper came by.
"""

from datetime import datetime, timedelta

from django.conf import settings

from calling.models import MILLISECOND, Call, Low, Watch
from calling.schemas import BalanceLowData
from calling.services.billing import AHEAD, Meter, holds_of
from calling.services.desk import Desk, change
from calling.services.endings import finish
from calling.states import Reason, Status

__all__ = ["REAPER", "advance", "catch_up", "is_silent"]

REAPER = "reaper"
OUTAGE_NOTICED = timedelta(seconds=5)
"""Nobody looked for so long: then it was we who were away."""

SECOND = timedelta(seconds=1)
LOW_SECONDS = {Low.SOON: 60, Low.LAST: 20}


def catch_up(call: Call, desk: Desk) -> None:
    """Do to a live call what time has done; it may be over afterwards."""
    if not call.is_live:
        return
    assert call.due_at is not None
    if call.status == Status.ACTIVE:
        if call.due_at <= desk.now or is_silent(call, desk.now):
            advance(call, desk)
    elif call.due_at <= desk.now:
        reason = Reason.MISSED if call.status == Status.RINGING else Reason.FAILED
        finish(call, reason, at=call.due_at, desk=desk)


def is_silent(call: Call, now: datetime) -> bool:
    """Whether a side of an active call has given no sign of life for longer than the grace.

    A break in which nobody looked after calls is forgiven, up to ``CALL_OUTAGE_SECONDS_MAX``. A
    sign of life from the future means that the clock has jumped back: nobody knows then how long
    it has been, and the call ends at that sign.
    """
    grace = timedelta(seconds=settings.CALL_GRACE_SECONDS)
    silence = now - call.seen_at
    if -grace <= silence <= grace:
        return False
    if not timedelta() <= silence <= timedelta(seconds=settings.CALL_OUTAGE_SECONDS_MAX):
        return True
    watch = Watch.objects.filter(pk=REAPER).first()
    if watch is None or now - watch.swept_at > OUTAGE_NOTICED:
        return False
    return now - max(call.seen_at, watch.resumed_at) > grace


def advance(call: Call, desk: Desk) -> None:
    """Bring an active call up to now: end it if it is over, else hold ahead, charge what has
    begun, tell of credits that run low, and note when to look again."""
    if is_silent(call, desk.now):
        finish(call, Reason.DROPPED, at=call.seen_at, desk=desk)
        return
    if not call.credits_per_minute:
        change(call, due_at=_silence_due(call, desk.now))
        return
    now, tariff = desk.now, call.tariff
    begun = tariff.full_minutes(call.talked(call.seen_at))
    running = tariff.minute_at(call.talked(now))
    meter = Meter(call, holds_of(call, now))
    meter.hold_up_to(max(begun + AHEAD, running + 1))
    meter.charge_up_to(begun)
    meter.write(desk)
    call.held_minutes = meter.held
    paid_until = call.start_of_minute(meter.held + 1)
    if now >= paid_until:
        change(call, **meter.changes)
        finish(call, Reason.NO_CREDIT, at=paid_until, desk=desk)
        return
    affordable = meter.holds.wallet.available // call.credits_per_minute
    paid_until = call.start_of_minute(meter.held + affordable + 1)
    change(
        call,
        **meter.changes,
        low_told=_tell_low(call, paid_until, desk),
        due_at=_due(call, paid_until, now),
    )


def _tell_low(call: Call, paid_until: datetime, desk: Desk) -> Low:
    """What the caller was told by now. Credits that came meanwhile make it worth telling again."""
    left = paid_until - desk.now
    level = Low.NOTHING
    for low, seconds in LOW_SECONDS.items():
        if left <= timedelta(seconds=seconds):
            level = low
    if level > call.low_told:
        desk.tell(call.caller_id, "call.balance_low", BalanceLowData(call.pk, -(-left // SECOND)))
    return level


def _due(call: Call, paid_until: datetime, now: datetime) -> datetime:
    """When the next minute begins, silence would be too long, or credits run low."""
    moments = [
        call.start_of_minute(call.tariff.minute_at(call.talked(now)) + 1),
        _silence_due(call, now),
        *(paid_until - timedelta(seconds=seconds) for seconds in LOW_SECONDS.values()),
    ]
    return min(moment for moment in moments if moment > now)


def _silence_due(call: Call, now: datetime) -> datetime:
    grace = timedelta(seconds=settings.CALL_GRACE_SECONDS)
    return max(call.seen_at + grace + MILLISECOND, now + SECOND)
