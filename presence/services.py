"""What people say of their presence."""

import logging
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from pairly.core import clock
from pairly.core.db import StaleRead, change_one, on_commit, run_atomic
from pairly.core.errors import NotAuthenticated
from pairly.core.ids import new_id
from pairly.core.shared_cache import CacheAway
from pairly.realtime.selectors import heartbeat_positions
from presence.looking import announce, look
from presence.models import Presence
from presence.status import Mode, State, Visit, latest_activity
from presence.stores.chosen import store
from presence.tracker import look_together, worker

__all__ = ["heartbeat", "people_changed", "set_mode"]

logger = logging.getLogger(__name__)


def set_mode(user_id: UUID, mode: str) -> None:
    """Write as what a person wishes to be seen. For others the invisible left when they last did
    something visibly."""
    try:
        seen = latest_activity(store().read([user_id])[user_id].visits)
    except CacheAway:
        seen = 0
    seen_at = clock.from_milliseconds(seen) if seen else None
    run_atomic(lambda: _set_mode(user_id, Mode(mode), seen_at))
    people_changed([user_id])


def _set_mode(user_id: UUID, mode: Mode, seen_at: datetime | None) -> None:
    row = Presence.objects.filter(pk=user_id).first()
    if row is None:
        try:
            Presence(user_id=user_id, mode=mode, last_seen_at=seen_at).save(force_insert=True)
        except IntegrityError as error:
            raise StaleRead("somebody else made this row") from error
        return
    times = [at for at in (seen_at, row.last_seen_at) if at is not None]
    last_seen_at = row.last_seen_at if row.mode == Mode.INVISIBLE else max(times, default=None)
    as_read = Presence.objects.filter(pk=user_id, mode=row.mode)
    if not change_one(as_read, mode=mode, last_seen_at=last_seen_at):
        raise StaleRead(f"{row} changed meanwhile")


def people_changed(user_ids: Collection[UUID]) -> None:
    """Something that presence does not keep itself is otherwise of these people, or between them:
    a wish, a call, a conversation. Tells who watches them, after the commit."""
    people = list(user_ids)

    def tell() -> None:
        announce(people)
        worker.submit(look_together, people, lambda _result: None)

    on_commit(tell)


def heartbeat(*, user_id: UUID, device_id: UUID, active: bool) -> int:
    """A device without a socket is there, for as long as a silent process is believed; the newest
    position of the person. Raises ``NotAuthenticated``."""
    (position,) = heartbeat_positions([(user_id.hex, device_id.hex)])
    if isinstance(position, NotAuthenticated):
        raise position
    now = clock.now()
    try:
        doubted = _visit(user_id, device_id, active, clock.to_milliseconds(now))
        look([user_id], now, doubted=doubted)
    except CacheAway:
        logger.info("the store was not told of a heartbeat")
    return position


def _visit(user_id: UUID, device_id: UUID, active: bool, now: int) -> set[UUID]:
    state = store().read([user_id])[user_id]
    visit = _visit_by_requests(state, device_id, now)
    visit.alive_until = now + settings.PRESENCE_LEASE_SECONDS * 1000
    if active:
        visit.active_at = now
    return store().touch([(user_id, visit)], look_at=now)


def _visit_by_requests(state: State, device_id: UUID, now: int) -> Visit:
    """The one that goes on, or a new one."""
    for visit in state.visits:
        if visit.by_requests and visit.device_id == device_id and visit.alive_until > now:
            return visit
    return Visit(new_id().hex, device_id, now, now, now, by_requests=True)
