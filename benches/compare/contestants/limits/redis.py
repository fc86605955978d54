"""What Redis gives by hand: a list of ids, a hash of payloads and two sets, moved by one small script."""

from __future__ import annotations

import time
from collections import deque

import redis
from contestant import Counter, main, payload_of
from limits.limit import EMPTY_PAUSE, STOP_LOOK, Limit

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
        self.turn = self.client.script_load(TURN)
        self.put = self.client.script_load(ADD)

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
        """Each caller's one call is in the same round trip as the others', which no client in Python does quicker."""
        payload = payload_of(bytes)
        began = time.perf_counter()
        for start in range(0, count, callers):
            with self.client.pipeline(transaction=False) as pipe:
                for _ in range(min(callers, count - start)):
                    pipe.evalsha(self.put, len(KEYS), *KEYS, payload)
                pipe.execute()
        return {"seconds": time.perf_counter() - began}

    def drain(self) -> None:
        claimed: deque[list[bytes]] = deque()
        while claimed or not self.stopping.is_set():
            wanted = 0 if self.stopping.is_set() else BATCH
            with self.client.pipeline(transaction=False) as pipe:
                batches = [claimed.popleft() if claimed else [] for _ in range(DEPTH)]
                for ids in batches:
                    pipe.evalsha(self.turn, len(KEYS), *KEYS, wanted, *ids)
                replies = pipe.execute()
            self.counter.add(sum(map(len, batches)))
            claimed.extend(reply[0] for reply in replies if reply)
            if not claimed:
                time.sleep(EMPTY_PAUSE)

    def wait_for_jobs(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            while not self.stopping.is_set():
                found = client.blpop(KEYS[0], STOP_LOOK)
                if found:
                    client.hget(KEYS[1], found[1])
                    self.begin(1)

    def latency(self, count: int, pause: float) -> dict[str, list[float]]:
        taken = []
        for _ in range(count):
            time.sleep(pause)
            due = time.perf_counter()
            self.client.evalsha(self.put, len(KEYS), *KEYS, "1")
            taken.append(self.delay(due))
        return {"milliseconds": taken}

    def left(self) -> dict[str, int]:
        return {"count": int(self.client.llen(KEYS[0])) + int(self.client.scard(KEYS[2]))}

    def close(self) -> None:
        self.client.close()


if __name__ == "__main__":
    main(RedisLimit)
