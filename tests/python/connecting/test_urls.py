"""PostgreSQL URLs as people have them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest

from dataqueue import ConfigError, JobQueue, PostgresConfig
from tests.conftest import NOT_HERE, with_parameter
from tests.processes import until
from tests.python.connecting.conftest import PASSWORD, GuardedServer, connects, has_ipv6


def shown(queue: JobQueue, setting: str) -> str:
    return str(queue.get_pool().fetch(f"select current_setting('{setting}') as value")[0]["value"])


def tables_of(postgres_url: str, schema: str) -> set[str]:
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = %s", (schema,))
        return {name for (name,) in rows}


def test_a_password_with_every_special_character_logs_in(guarded_server: GuardedServer) -> None:
    assert connects(guarded_server.url) == "app"
    assert connects(guarded_server.url.replace("postgresql://", "postgres://")) == "app"
    by_parts = PostgresConfig(host="127.0.0.1", port=guarded_server.port, user="app", password=PASSWORD, database="app")
    with JobQueue(by_parts) as queue:
        assert queue.get_pool().fetch("select 1 as one") == [{"one": 1}]
    in_the_query = f"postgresql://127.0.0.1:{guarded_server.port}/app?user=app&password={quote(PASSWORD, safe='')}"
    assert connects(in_the_query) == "app"


def test_without_a_database_it_is_the_one_named_as_the_user(guarded_server: GuardedServer) -> None:
    for rest in ("", "/", "?application_name=x"):
        with JobQueue(guarded_server.url_at(f"127.0.0.1:{guarded_server.port}", rest)) as queue:
            assert queue.get_pool().fetch("select current_database() as name") == [{"name": "app"}]


def test_an_ipv6_address_stands_in_brackets(guarded_server: GuardedServer) -> None:
    if not has_ipv6():
        pytest.skip(f"{NOT_HERE}no IPv6 loopback on this machine")
    url = guarded_server.url_at(f"[::1]:{guarded_server.port}")
    with JobQueue(url) as queue:
        assert queue.get_pool().fetch("select family(inet_client_addr()) as family") == [{"family": 6}]
        assert f"@[::1]:{guarded_server.port}/app" in repr(queue)


def test_a_unix_socket_stands_where_a_host_does(guarded_server: GuardedServer) -> None:
    folder = str(guarded_server.cluster.folder)
    # A socket has no TLS to verify, whatever is asked for.
    for url in (
        guarded_server.url_at(f"{quote(folder, safe='')}:{guarded_server.port}"),
        guarded_server.url_at("", f"/app?host={folder}&port={guarded_server.port}"),
        guarded_server.url_at("", f"/app?host={folder}&port={guarded_server.port}&sslmode=prefer"),
    ):
        with JobQueue(url) as queue:
            assert queue.get_pool().fetch("select inet_client_addr() as address") == [{"address": None}]
            assert quote(folder, safe="") in repr(queue)


def test_the_first_of_several_hosts_that_answers_is_used(guarded_server: GuardedServer) -> None:
    port = guarded_server.port
    dead = guarded_server.cluster.folder / "nobody"
    for url in (
        guarded_server.url_at(f"127.0.0.1:1,127.0.0.1:{port}"),
        guarded_server.url_at(f"127.0.0.1:{port},127.0.0.1:1"),
        guarded_server.url_at("", f"/app?host={dead},127.0.0.1&port={port}"),
    ):
        assert connects(url) == "app"


@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer"])
def test_a_server_without_tls_takes_modes_that_do_not_need_it(sslmode: str, guarded_server: GuardedServer) -> None:
    assert connects(with_parameter(guarded_server.url, "sslmode", sslmode)) == "app"


@pytest.mark.parametrize("sslmode", ["require", "verify-full"])
def test_a_server_without_tls_is_refused_by_modes_that_need_it(sslmode: str, guarded_server: GuardedServer) -> None:
    with pytest.raises(ConfigError, match="sslmode") as raised:
        connects(with_parameter(guarded_server.url, "sslmode", sslmode))
    assert f"127.0.0.1:{guarded_server.port}" in str(raised.value)


@pytest.mark.parametrize(
    "parameter", ["schema={}", "search_path={},public", "search_path=%22$user%22,{}", "options=-c%20search_path%3D{}"]
)
def test_the_first_entry_of_the_search_path_is_the_schema(parameter: str, postgres_url: str, schema: str) -> None:
    with JobQueue(f"{postgres_url}?{parameter.format(schema)}") as queue:
        queue.migrate()
        queue.add_job("t", None)
        assert f"schema={schema}" in repr(queue)
    assert {"job_queue", "job_events"} <= tables_of(postgres_url, schema)


def test_options_and_timeouts_reach_the_server(postgres_url: str) -> None:
    with JobQueue(f"{postgres_url}?options=-c%20work_mem%3D7MB%20-c%20geqo%3Doff&statement_timeout=12.5") as queue:
        assert [shown(queue, name) for name in ("work_mem", "geqo", "statement_timeout")] == ["7MB", "off", "12500ms"]
    with JobQueue(
        PostgresConfig(postgres_url, options="-c work_mem=8MB", statement_timeout=timedelta(minutes=2))
    ) as queue:
        assert [shown(queue, name) for name in ("work_mem", "statement_timeout")] == ["8MB", "2min"]


@pytest.mark.parametrize("options", ["-c%20nonsense%3D1", "-c%20work_mem%3Dmuch", "--nonsense"])
def test_an_option_that_the_server_does_not_know_is_named(options: str, postgres_url: str) -> None:
    with pytest.raises(ConfigError, match="options") as raised:
        connects(f"{postgres_url}?options={options}")
    assert "nonsense" in str(raised.value) or "work_mem" in str(raised.value)


def test_the_application_name_is_seen_in_pg_stat_activity(postgres_store_url: str, postgres_url: str) -> None:
    def names() -> set[str]:
        with psycopg.connect(postgres_url) as connection:
            return {name for (name,) in connection.execute("select application_name from pg_stat_activity")}

    own = with_parameter(postgres_store_url, "application_name", "billing%20%C3%A9")
    with JobQueue(own) as named, JobQueue(postgres_store_url) as plain:
        named.add_job("t", None)
        plain.add_job("t", None)
        # PostgreSQL writes what is not ASCII in its own way.
        until(lambda: any(name.startswith("billing ") for name in names()), "the name is seen")
        assert "dataqueue" in names()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("colour=red", "`colour` is no option"),
        ("pool_maxx=3", "`pool_maxx` is no option"),
        ("passfile=/x", "`passfile` is an option of libpq that this library cannot honour"),
        ("target_session_attrs=any", "`target_session_attrs`"),
        ("sslmode=maybe", "`maybe`"),
        ("pool_max=0", "`pool_max`"),
        ("connect_timeout=soon", "`soon`"),
        ("dbname=a&database=b", "twice"),
    ],
)
def test_a_parameter_that_means_nothing_is_named_before_anything_is_connected(query: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        JobQueue(f"postgresql://app:Zq9@nowhere.invalid/app?{query}")
    assert told in str(raised.value)
    assert "Zq9" not in str(raised.value)
