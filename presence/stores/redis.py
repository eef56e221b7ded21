"""Presence that several processes share, in Redis.

For each person a hash: the visits, what was told, what is wished. Beside it sorted sets: who is to
be looked at when, and who has which status since when. Whatever is lost with Redis is written
again by the processes whose sockets it is about.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.client import Pipeline

from pairly.core import clock, shared_cache
from presence.status import State, Status, Visit
from presence.stores.base import Settled

__all__ = ["RedisStore"]

PREFIX = "pairly:presence:"
DUE = f"{PREFIX}due"
GENERATION = f"{PREFIX}generation"
TIMEOUT_SECONDS = 2
KEEP_SECONDS = 24 * 3600  # for a sweeper that was away
VISIT = "visit:"

Result = TypeVar("Result")

SETTLE = """
local person, due, status = KEYS[1], KEYS[2], KEYS[3]
local version, next_version, user, told, look_at, now = unpack(ARGV, 1, 6)
if (redis.call('HGET', person, 'version') or '') ~= version then return 0 end
for at = 7, #ARGV do redis.call('HDEL', person, ARGV[at]) end
local before = redis.call('HGET', person, 'told') or 'offline'
local has_visits = false
for _, name in ipairs(redis.call('HKEYS', person)) do
  if string.sub(name, 1, 6) == 'visit:' then has_visits = true end
end
if not has_visits then
  redis.call('DEL', person)
  redis.call('ZREM', due, user)
  for _, shown in ipairs({'online', 'busy', 'away', 'invisible'}) do
    redis.call('ZREM', status .. shown, user)
  end
  return 1
end
redis.call('HSET', person, 'told', told, 'version', next_version)
if before ~= told then
  redis.call('ZREM', status .. before, user)
  if told ~= 'offline' then redis.call('ZADD', status .. told, now, user) end
end
if look_at == '' then redis.call('ZREM', due, user) else redis.call('ZADD', due, look_at, user) end
return 1
"""
"""Compare-and-set of a person: nothing is done unless the version is still that of the look."""


class RedisStore:
    """Raises ``CacheAway`` while Redis cannot be had."""

    def __init__(self, url: str) -> None:
        self.lease_milliseconds: int = settings.PRESENCE_LEASE_SECONDS * 1000
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._settle = self._redis.register_script(SETTLE)
        self._generation: str | None = None

    def touch(
        self, visits: Sequence[tuple[UUID, Visit]], *, look_at: int | None = None
    ) -> set[UUID]:
        if not visits:
            return set()
        people = [user_id for user_id, _visit in visits]
        names = [user_id.hex for user_id in people]

        def write(pipe: "Pipeline") -> None:
            for user_id, visit in visits:
                values: dict[Any, Any] = {
                    VISIT + visit.id: _packed(visit),
                    "version": uuid.uuid4().hex,
                }
                pipe.hset(_person(user_id), mapping=values)
            pipe.zmscore(DUE, names)
            for user_id in people:
                pipe.expire(_person(user_id), KEEP_SECONDS)
            if look_at is not None:
                pipe.zadd(DUE, dict.fromkeys(names, look_at), lt=True)

        done = self._pipelined(write)
        made, due_at = done[: len(people)], done[len(people)]
        now = clock.to_milliseconds(clock.now())
        return {
            user_id
            for user_id, fields, at in zip(people, made, due_at, strict=True)
            if fields or (at is not None and at <= now)
        }

    def read(self, user_ids: Collection[UUID]) -> dict[UUID, State]:
        wanted = list(user_ids)

        def ask(pipe: "Pipeline") -> None:
            for user_id in wanted:
                pipe.hgetall(_person(user_id))

        return {
            user_id: _state(values)
            for user_id, values in zip(wanted, self._pipelined(ask), strict=True)
        }

    def settle(self, looks: Sequence[Settled]) -> list[UUID]:
        now = clock.to_milliseconds(clock.now())

        def write(pipe: "Pipeline") -> None:
            for look in looks:
                look_at = "" if look.look_at is None else look.look_at
                names = [look.version, uuid.uuid4().hex, look.user_id.hex, look.told.value]
                over = [VISIT + visit_id for visit_id in look.over]
                keys = [_person(look.user_id), DUE, f"{PREFIX}status:"]
                self._settle(keys=keys, args=[*names, look_at, now, *over], client=pipe)

        done = self._pipelined(write)
        return [look.user_id for look, won in zip(looks, done, strict=True) if not won]

    def due(self, now: int, limit: int) -> list[UUID]:
        found: Any = self._ask(
            lambda redis: redis.zrangebyscore(DUE, "-inf", now, start=0, num=limit)
        )
        return [UUID(hex=name) for name in found]

    def counts(self) -> dict[Status, int]:
        shown = [status for status in Status if status is not Status.OFFLINE]

        def ask(pipe: "Pipeline") -> None:
            for status in shown:
                pipe.zcard(_status(status))

        return dict(zip(shown, self._pipelined(ask), strict=True))

    def people(self, status: Status, *, offset: int, limit: int) -> list[UUID]:
        last = offset + limit - 1
        found: Any = self._ask(lambda redis: redis.zrevrange(_status(status), offset, last))
        return [UUID(hex=name) for name in found]

    def end(self, now: int) -> None:
        """Its devices may be back at another process any moment; else their leases end."""

    def has_forgotten(self) -> bool:
        mine = uuid.uuid4().hex

        def ask(pipe: "Pipeline") -> None:
            pipe.set(GENERATION, mine, nx=True)
            pipe.get(GENERATION)

        _set, generation = self._pipelined(ask)
        before, self._generation = self._generation, generation
        return before not in (None, generation)

    def _pipelined(self, fill: "Callable[[Pipeline], None]") -> list[Any]:
        def run(redis: Redis) -> list[Any]:
            with redis.pipeline(transaction=False) as pipe:
                fill(pipe)
                results: list[Any] = pipe.execute()
                return results

        return self._ask(run)

    def _ask(self, question: Callable[[Redis], Result]) -> Result:
        return shared_cache.ask(lambda _cache: question(self._redis))


def _person(user_id: UUID) -> str:
    return f"{PREFIX}person:{user_id.hex}"


def _status(status: Status) -> str:
    return f"{PREFIX}status:{status.value}"


def _packed(visit: Visit) -> str:
    times = f"{visit.since} {visit.alive_until} {visit.active_at}"
    return f"{visit.device_id.hex} {times} {int(visit.by_requests)}"


def _state(values: Mapping[str, str]) -> State:
    return State(
        visits=[_visit(name, text) for name, text in values.items() if name.startswith(VISIT)],
        told=Status(values.get("told", Status.OFFLINE)),
        version=values.get("version", ""),
    )


def _visit(name: str, text: str) -> Visit:
    device, *numbers = text.split()
    since, alive_until, active_at, by_requests = map(int, numbers)
    visit_id, device_id = name.removeprefix(VISIT), UUID(hex=device)
    return Visit(visit_id, device_id, since, alive_until, active_at, bool(by_requests))
