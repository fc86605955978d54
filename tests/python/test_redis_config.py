"""How Redis is named: URLs, `RedisConfig`, and what is refused before anything is connected."""

from __future__ import annotations

from typing import Any

import click
import pytest

from dataqueue import AsyncJobQueue, ConfigError, JobQueue, PostgresConfig, RedisConfig, SSLConfig, UnsupportedBackend
from dataqueue._core import Store
from dataqueue.cli.options import open_config
from dataqueue.redis_client import _bytes_of
from tests.certificates import Authority

CERTIFICATE = Authority().pem


def location(config: RedisConfig) -> str:
    return Store(*config.to_core()).location


def refused(**options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        Store(*RedisConfig(**options).to_core())
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({}, "redis://localhost:6379/0"),
        ({"host": "h", "port": 7, "db": 3}, "redis://h:7/3"),
        ({"host": "h", "username": "app", "password": "Zq9"}, "redis://app@h:6379/0"),
        ({"host": "/run/redis.sock", "db": 1}, "redis+unix:///run/redis.sock?db=1"),
        ({"host": "h1:1,h2:2", "cluster": True}, "redis+cluster://h1:1,h2:2"),
        ({"host": "h", "tls": True}, "rediss://h:6379/0"),
        ({"host": "h", "tls": SSLConfig(ca=CERTIFICATE)}, "rediss://h:6379/0"),
        ({"host": "h", "key_prefix": "shop:"}, "redis://h:6379/0?key_prefix=shop:"),
        ({"url": "redis://h/2?key_prefix=a:", "tls": True}, "rediss://h:6379/2?key_prefix=a:"),
        ({"url": "redis://h?key_prefix=a:", "key_prefix": "b:"}, "redis://h:6379/0?key_prefix=b:"),
        ({"url": "valkeys+cluster://:Zq9@h"}, "rediss+cluster://h:6379"),
        ({"host": "h1:1,h2", "service_name": "main"}, "redis+sentinel://h1:1,h2:26379/main/0"),
        ({"url": "rediss+sentinel://:Zq9@h1/main/2?sentinel_password=Zq9"}, "rediss+sentinel://h1:26379/main/2"),
        ({"connect_timeout": 2, "response_timeout": 1.5}, "redis://localhost:6379/0"),
    ],
)
def test_a_configuration_leads_to_a_place(options: dict[str, Any], place: str) -> None:
    assert location(RedisConfig(**options)) == place


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"url": "redis://h", "host": "h", "db": 1}, "both url and host, db"),
        ({"url": "postgresql://h"}, "redis://"),
        ({"url": "redis+sentinels://h"}, "redis+sentinel://"),
        ({"url": "redis+sentinel://h"}, "host2:26379/service_name"),
        ({"host": "h", "service_name": "main", "cluster": True}, "a cluster has no sentinels"),
        ({"host": "h", "sentinel_password": "Zq9"}, "`sentinel_password` is for sentinels"),
        ({"host": "h", "service_name": "main", "sentinel_username": "app"}, "without `sentinel_password`"),
        ({"host": "h", "db": -1}, "db is -1"),
        ({"host": "h", "port": 0}, "port is 0"),
        ({"host": "h", "tls": "yes"}, "tls must be True or False"),
        ({"host": "h", "key_prefix": ""}, "`key_prefix` is empty"),
        ({"host": "h", "key_prefix": "{a"}, "hash tag"),
        ({"host": "h1,h2"}, "2 servers"),
        ({"host": "h", "cluster": True, "db": 1}, "a cluster has database 0 only"),
        ({"host": "h", "username": "app"}, "without a password"),
        ({"host": "h", "response_timeout": 0}, "response_timeout"),
        ({"url": "rediss://h", "tls": False}, "contradict"),
        ({"host": "h", "tls": SSLConfig(cert=CERTIFICATE)}, "ssl_key"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(options: dict[str, Any], why: str) -> None:
    assert why in refused(**options)


def test_no_password_is_ever_shown() -> None:
    config = RedisConfig(host="h", username="app", password="Zq9", tls=SSLConfig(key="Zq9"))
    assert "Zq9" not in repr(config)
    assert "Zq9" not in repr(RedisConfig("redis://:Zq9@h"))
    assert "Zq9" not in repr(RedisConfig(host="h", service_name="main", sentinel_password="Zq9"))
    for options in ({"password": "Zq9", "db": "x"}, {"url": "redis://:Zq9@h/x"}, {"url": "redis://Zq9@h"}):
        assert "Zq9" not in refused(**options)


def test_a_url_alone_opens_the_same_place() -> None:
    assert Store("redis://h?cluster=true&key_prefix={a}:", {}).backend == "redis"
    assert Store("redis://h?cluster=true&key_prefix={a}:", {}).location == "redis+cluster://h:6379?key_prefix=%7Ba%7D:"


def test_an_option_of_another_store_is_named() -> None:
    with pytest.raises(ConfigError, match="`pool_max`"):
        Store("redis://h?pool_max=3", {})
    with pytest.raises(ConfigError, match="must begin with postgresql"):
        JobQueue(PostgresConfig("redis://h"))


def test_the_handle_is_for_redis_alone(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue, pytest.raises(UnsupportedBackend, match="for Redis"):
        queue.get_redis_client()
    with JobQueue(sqlite_store_url) as queue, pytest.raises(UnsupportedBackend, match="takes no commands"):
        queue._requests.store.command([b"GET", b"a"]).wait()


async def test_the_async_handle_is_for_redis_alone(sqlite_store_url: str) -> None:
    async with AsyncJobQueue(sqlite_store_url) as queue:
        with pytest.raises(UnsupportedBackend, match="for Redis"):
            queue.get_redis_client()


def test_commands_that_would_hold_up_the_queue_are_refused(sqlite_store_url: str) -> None:
    with JobQueue(sqlite_store_url) as queue:
        store = queue._requests.store
        for command in ([b"SELECT", b"1"], [b"blpop", b"a", b"0"], [b"MULTI"], []):
            with pytest.raises(ValueError, match=r"client of your own|is empty"):
                store.command(command)
        with pytest.raises(TypeError, match="bytes"):
            store.command(["GET"])  # type: ignore[list-item]


def test_the_command_line_takes_a_key_prefix_for_redis_alone() -> None:
    config = open_config("redis://h", None, None, key_prefix="shop:")
    assert config == RedisConfig("redis://h", key_prefix="shop:")
    for url in ("sqlite:///jobs.db", "postgresql://h", None):
        with pytest.raises(click.ClickException, match="--key-prefix is for Redis"):
            open_config(url, None, None, "sqlite:///jobs.db", "shop:")
    with pytest.raises(click.ClickException, match="--schema is for PostgreSQL"):
        open_config("redis://h", "jobs", None)


def test_arguments_of_a_command_become_bytes() -> None:
    given = ["é", b"\0", bytearray(b"x"), memoryview(b"y"), -3, 2**70, 0.1]
    assert [_bytes_of(value, 1) for value in given] == [
        "é".encode(),
        b"\0",
        b"x",
        b"y",
        b"-3",
        b"1180591620717411303424",
        b"0.1",
    ]
    for value, why in [(True, "bool"), (None, "NoneType"), ([1], "list")]:
        with pytest.raises(TypeError, match=why):
            _bytes_of(value, 2)
    with pytest.raises(ValueError, match="surrogate"):
        _bytes_of("\ud800", 2)
