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
    begun, tell of credits that run low, and note when to look again.

    Of a call that fell silent only the time up to the last sign of life counts.
    """
    silent = is_silent(call, desk.now)
    if call.credits_per_minute:
        _meter(call, call.seen_at if silent else desk.now, desk, silent=silent)
    if not call.is_live:
        return
    if silent:
        finish(call, Reason.DROPPED, at=call.seen_at, desk=desk)
    elif not call.credits_per_minute:
        change(call, due_at=_silence_due(call, desk.now))


def _meter(call: Call, moment: datetime, desk: Desk, *, silent: bool) -> None:
    """Hold and charge as far as to that moment, unless the credits ended before."""
    tariff = call.tariff
    begun = tariff.full_minutes(call.talked(call.seen_at))
    running = tariff.minute_at(call.talked(moment))
    meter = Meter(call, holds_of(call, desk.now))
    meter.hold_up_to(running if silent else max(begun + AHEAD, running + 1))
    meter.charge_up_to(begun)
    meter.write(desk)
    paid_until = call.start_of_minute(meter.held + 1)
    if moment >= paid_until:
        change(call, **meter.changes)
        finish(call, Reason.NO_CREDIT, at=paid_until, desk=desk)
    elif silent:
        change(call, **meter.changes)
    else:
        affordable = meter.holds.wallet.available // call.credits_per_minute
        lasts_until = paid_until + affordable * timedelta(seconds=call.minute_seconds)
        change(
            call,
            **meter.changes,
            low_told=_tell_low(call, lasts_until, desk),
            due_at=_due(call, lasts_until, desk.now),
        )


def _tell_low(call: Call, lasts_until: datetime, desk: Desk) -> Low:
    """What the caller was told by now. Credits that came meanwhile make it worth telling again."""
    left = lasts_until - desk.now
    level = Low.NOTHING
    for low, seconds in LOW_SECONDS.items():
        if left <= timedelta(seconds=seconds):
            level = low
    if level > call.low_told:
        desk.tell(call.caller_id, "call.balance_low", BalanceLowData(call.pk, -(-left // SECOND)))
    return level


def _due(call: Call, lasts_until: datetime, now: datetime) -> datetime:
    """When the next minute begins, silence would be too long, or credits run low."""
    moments = [
        call.start_of_minute(call.tariff.minute_at(call.talked(now)) + 1),
        _silence_due(call, now),
        *(lasts_until - timedelta(seconds=seconds) for seconds in LOW_SECONDS.values()),
    ]
    return min(moment for moment in moments if moment > now)


def _silence_due(call: Call, now: datetime) -> datetime:
    grace = timedelta(seconds=settings.CALL_GRACE_SECONDS)
    return max(call.seen_at + grace + MILLISECOND, now + SECOND)
