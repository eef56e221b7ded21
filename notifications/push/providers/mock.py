"""Every provider of mock mode: pushes are kept in a table that staff read."""

from collections.abc import Sequence

from asgiref.sync import sync_to_async

from notifications.push.models import MockPush
from notifications.push.providers.base import Answer, Push
from notifications.push.providers.payloads import payload_of
from pairly.core import clock
from pairly.core.db import run_atomic

__all__ = ["MockPushes"]

TITLE_LENGTH_MAX = 200


class MockPushes:
    is_mock = True
    needed_settings: tuple[str, ...] = ()

    async def send(self, pushes: Sequence[Push]) -> Sequence[Answer]:
        return await sync_to_async(_keep)(pushes)


def _keep(pushes: Sequence[Push]) -> list[Answer]:
    now = clock.now()
    kept, answers = [], []
    for push in pushes:
        left = push.seconds_left(now)
        answers.append(Answer.sent() if left else Answer.expired())
        if left:
            kept.append(
                MockPush(
                    user_id=push.outgoing.user_id,
                    delivery_id=push.outgoing.delivery_id,
                    provider=push.device.provider,
                    kind=push.outgoing.kind,
                    title=push.outgoing.title[:TITLE_LENGTH_MAX],
                    payload=payload_of(push, left),
                    created_at=now,
                )
            )
    run_atomic(lambda: MockPush.objects.bulk_create(kept))
    return answers
