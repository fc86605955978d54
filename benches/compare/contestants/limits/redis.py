"""What Redis gives by hand: a list of ids, a hash of payloads and two sets, moved by one small script."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

import redis
import redis.asyncio
from contestant import Counter, main, payload_of
from limits.limit import EMPTY_PAUSE, Limit

BATCH = 500
# Scripts on their way at once.
DEPTH = 4
PUSHED = 1_000

KEYS = ("{bare}pending", "{bare}payloads", "{bare}running", "{bare}done", "{bare}ids")
# Completes the ids of an earlier claim, and claims more.
TURN = """
if ARGV[2] then
    redis.call('SREM', KEYS[3], unpack(ARGV, 2))
    redis.call('SADD', KEYS[4], unpack(ARGV, 2))
end
if ARGV[1] == '0' then return {} end
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then return {} end
redis.call('SADD', KEYS[3], unpack(ids))
return {ids, redis.call('HMGET', KEYS[2], unpack(ids))}
"""
ADD = """
local id = redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[2], id, ARGV[1])
redis.call('RPUSH', KEYS[1], id)
return id
"""


class RedisLimit(Limit):
    """A list by hand, with one connection for all of its work."""

    store = "redis"
    notes = (
        f"a list and a hash, one connection, a script that completes {BATCH} and claims {BATCH}, {DEPTH} in a pipeline"
    )

    def __init__(self, url: str, counter: Counter) -> None:
        super().__init__(url, counter)
        self.client = redis.Redis.from_url(url)
        self.turn: Any = self.client.register_script(TURN)

    def version(self) -> str:
        return f"redis-py {redis.__version__}"

    def prepare(self) -> None:
        self.client.unlink(*KEYS)

    def add(self, count: int, bytes: int, kind: str) -> dict[str, float]:  # noqa: A002
        payload = payload_of(bytes)
        began = time.perf_counter()
        for start in range(0, count, PUSHED):
            part = min(PUSHED, count - start)
            last = int(self.client.incrby(KEYS[4], part))
            ids = list(range(last - part + 1, last + 1))
            with self.client.pipeline(transaction=True) as pipe:
                pipe.hset(KEYS[1], mapping=dict.fromkeys(map(str, ids), payload))
                pipe.rpush(KEYS[0], *ids)
                pipe.execute()
        return {"seconds": time.perf_counter() - began}

    def add_single(self, count: int, callers: int, bytes: int) -> dict[str, float]:  # noqa: A002
        payload = payload_of(bytes)
        if callers > 1:
            return {"seconds": asyncio.run(self._together(count, callers, payload))}
        add: Any = self.client.register_script(ADD)
        add(KEYS, [payload])
        began = time.perf_counter()
        for _ in range(count - 1):
            add(KEYS, [payload])
        return {"seconds": time.perf_counter() - began}

    async def _together(self, count: int, callers: int, payload: str) -> float:
        async with redis.asyncio.Redis.from_url(self.url, max_connections=callers) as client:
            add: Any = client.register_script(ADD)
            await add(KEYS, [payload])
            left = iter(range(count - 1))

            async def caller() -> None:
                for _ in left:
                    await add(KEYS, [payload])

            await asyncio.gather(*(client.ping() for _ in range(callers)))
            began = time.perf_counter()
            await asyncio.gather(*(caller() for _ in range(callers)))
            return time.perf_counter() - began

    def drain(self) -> None:
        claimed: deque[list[bytes]] = deque()
        while claimed or not self.stopping.is_set():
            wanted = 0 if self.stopping.is_set() else BATCH
            with self.client.pipeline(transaction=False) as pipe:
                batches = [claimed.popleft() if claimed else [] for _ in range(DEPTH)]
                for ids in batches:
                    self.turn(KEYS, [wanted, *ids], client=pipe)
                replies = pipe.execute()
            self.counter.add(sum(map(len, batches)))
            claimed.extend(reply[0] for reply in replies if reply)
            if not claimed:
                time.sleep(EMPTY_PAUSE)

    def left(self) -> dict[str, int]:
        return {"count": int(self.client.llen(KEYS[0])) + int(self.client.scard(KEYS[2]))}

    def close(self) -> None:
        self.client.close()


if __name__ == "__main__":
    main(RedisLimit)
