"""One notification to all devices of a person, and what became of it as a whole."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from asgiref.sync import async_to_sync

from notifications.channels import Channel, Outcome, Outgoing, Result
from notifications.push.models import PushDevice
from notifications.push.providers.base import Answer, Push
from notifications.push.providers.registry import provider_named
from notifications.push.selectors import devices_of, taken_of
from notifications.push.services import note_taken, prune_device
from pairly.alerts.services import clear_alert, raise_alert
from pairly.core import clock

__all__ = ["ALERT_KIND", "PushSender"]

logger = logging.getLogger(__name__)

ALERT_KIND: Final = "push_refused"
Provider = PushDevice.Provider
Answered = list[tuple[Push, Answer]]


class PushSender:
    channel: Channel = "push"

    def send(self, outgoing: Sequence[Outgoing]) -> Sequence[Result]:
        """A notification is sent when one device took it. What took it before a crash counts, and
        is passed by."""
        devices = devices_of({one.user_id for one in outgoing})
        taken = taken_of({one.delivery_id for one in outgoing})
        pushes = [
            Push(one, device)
            for one in outgoing
            for device in _wanted(one, devices.get(one.user_id, []))
        ]
        fresh = [push for push in pushes if _pair(push) not in taken]
        answered = async_to_sync(_ask)(fresh) if fresh else []
        _note(answered, clock.now())
        answers: dict[object, list[Answer]] = {one.delivery_id: [] for one in outgoing}
        for push in pushes:
            if _pair(push) in taken:
                answers[push.outgoing.delivery_id].append(Answer.sent())
        for push, answer in answered:
            answers[push.outgoing.delivery_id].append(answer)
        return [_result(answers[one.delivery_id]) for one in outgoing]


def _wanted(outgoing: Outgoing, devices: Sequence[PushDevice]) -> Iterable[PushDevice]:
    """Apple's pushes of calls are for ringing alone, and an app that has them rings by them."""
    is_ring = outgoing.notification_class == "ring"
    rung = {one.sign_in_id for one in devices if is_ring and one.provider == Provider.APNS_VOIP}
    for device in devices:
        if device.provider == Provider.APNS_VOIP:
            if is_ring:
                yield device
        elif device.provider != Provider.APNS or device.sign_in_id not in rung:
            yield device


def _pair(push: Push) -> tuple[object, object]:
    return push.outgoing.delivery_id, push.device.pk


async def _ask(pushes: Sequence[Push]) -> Answered:
    """All providers at once: a slow one holds up no other."""
    groups: dict[str, list[Push]] = {}
    for push in pushes:
        groups.setdefault(push.device.provider, []).append(push)
    parts = await asyncio.gather(*(_ask_one(name, group) for name, group in groups.items()))
    return [pair for part in parts for pair in part]


async def _ask_one(name: str, pushes: Sequence[Push]) -> Answered:
    try:
        answers = await provider_named(name).send(pushes)
    except Exception:
        # A defect of ours must not keep the other providers' answers from being stored.
        logger.exception("pushing by %s failed", name)
        answers = [Answer.our_fault("a defect on our side; see the log")] * len(pushes)
    return list(zip(pushes, answers, strict=True))


def _note(answered: Answered, now: datetime) -> None:
    note_taken(
        [
            (push.outgoing.delivery_id, push.device.pk)
            for push, answer in answered
            if answer.outcome is Outcome.SENT
        ],
        now=now,
    )
    for push, answer in answered:
        if answer.dead:
            prune_device(push.device, dead_since=answer.dead_since)
    by_provider: dict[str, list[Answer]] = {}
    for push, answer in answered:
        by_provider.setdefault(push.device.provider, []).append(answer)
    for name, answers in by_provider.items():
        _tell_staff(name, answers, now)


def _tell_staff(provider: str, answers: Sequence[Answer], now: datetime) -> None:
    """Of keys that a provider does not take: no device is to blame, and none gets anything."""
    if any(answer.outcome is Outcome.SENT for answer in answers):
        clear_alert(kind=ALERT_KIND, key=provider, now=now)
        return
    refused = next((answer for answer in answers if answer.is_ours), None)
    if refused is not None:
        raise_alert(
            kind=ALERT_KIND,
            key=provider,
            severity="warning",
            title=f"Pushes by {Provider(provider).label} are refused",
            details=refused.detail,
            now=now,
        )


def _result(answers: Sequence[Answer]) -> Result:
    sent = [one for one in answers if one.outcome is Outcome.SENT]
    if sent:
        return Result(Outcome.SENT, f"taken by {len(sent)} of {len(answers)}", sent[0].ref)
    later = [one for one in answers if one.outcome is Outcome.TRANSIENT]
    if later:
        pauses = [one.retry_after_seconds for one in later if one.retry_after_seconds is not None]
        return Result(
            Outcome.TRANSIENT, _details(later), retry_after_seconds=max(pauses, default=None)
        )
    refused = [one for one in answers if one.outcome is Outcome.PERMANENT and not one.dead]
    if refused:
        return Result(Outcome.PERMANENT, _details(refused))
    return Result(Outcome.NO_ADDRESS, _details(answers) or "no device")


def _details(answers: Sequence[Answer]) -> str:
    return "; ".join(dict.fromkeys(answer.detail for answer in answers))[:200]
