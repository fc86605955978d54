"""How to reach a store."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .arguments import Duration, check_int, check_name, seconds
from .errors import ConfigError

if TYPE_CHECKING:
    from ._core import Store

__all__ = ["Config", "PostgresConfig", "RedisConfig", "SSLConfig", "SqliteConfig", "open_store"]

DEFAULT_URL = "sqlite:///dataqueue.db"
URL_VARIABLES = ("DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE")
REDIS_URL = re.compile(r"(?:redis|valkey)(?:s|s?\+cluster|s?\+sentinel|\+unix)?://|unix://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SSLConfig:
    """TLS to PostgreSQL or Redis. Each of the three is PEM text, or a path that begins with `file://`.

    Attributes:
        ca: The certificates of the authorities to trust; the system's if left out.
        cert: The client's certificate.
        key: The client's private key.
        reject_unauthorized: Whether the server's certificate is verified.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = field(default=None, repr=False)
    reject_unauthorized: bool = True


@dataclass(frozen=True, slots=True)
class PostgresConfig:
    """A PostgreSQL database, by URL or by its parts.

    Attributes:
        url: `postgresql://user:password@host:port/database?option=value`; excludes the five parts.
        host: The server's name or address, or the directory of its Unix socket.
        port: The server's port.
        database: The database.
        user: The role.
        password: The role's password.
        ssl: TLS; by default encrypted where the server can, and not verified.
        schema: The schema that holds the tables; by default the first entry of the URL's `search_path`, or `public`.
        pool_min: Connections kept open.
        pool_max: Connections at most; 10 where neither this nor the URL says.
        connect_timeout: How long to wait for a connection.
        statement_timeout: How long the server may work on one statement.
        pgbouncer: Whether a pooler in transaction mode stands between.
        application_name: The name shown in `pg_stat_activity`.
        options: The `options` start-up parameter.
    """

    url: str | None = field(default=None, repr=False)
    host: str | None = field(default=None, kw_only=True)
    port: int | None = field(default=None, kw_only=True)
    database: str | None = field(default=None, kw_only=True)
    user: str | None = field(default=None, kw_only=True)
    password: str | None = field(default=None, kw_only=True, repr=False)
    ssl: SSLConfig | None = field(default=None, kw_only=True)
    schema: str | None = field(default=None, kw_only=True)
    pool_min: int | None = field(default=None, kw_only=True)
    pool_max: int | None = field(default=None, kw_only=True)
    connect_timeout: Duration | None = field(default=None, kw_only=True)
    statement_timeout: Duration | None = field(default=None, kw_only=True)
    pgbouncer: bool = field(default=False, kw_only=True)
    application_name: str | None = field(default=None, kw_only=True)
    options: str | None = field(default=None, kw_only=True)

    def to_core(self) -> tuple[str | None, dict[str, str]]:
        """The URL and the settings as the engine takes them.

        Raises:
            ConfigError: They contradict each other, or one is out of its limits.
        """
        parts = {name: getattr(self, name) for name in ("host", "port", "database", "user", "password")}
        given = [name for name, value in parts.items() if value is not None]
        if self.url is not None and given:
            raise ConfigError(f"PostgresConfig got both url and {', '.join(given)}: put these into the URL")
        if self.url is not None and not str(self.url).startswith(("postgresql://", "postgres://")):
            raise ConfigError("PostgresConfig's url must begin with postgresql:// or postgres://")
        if not isinstance(self.ssl, SSLConfig | None):
            raise ConfigError(f"ssl must be SSLConfig(ca=, cert=, key=, ...), not {type(self.ssl).__name__}")
        tls = self.ssl or SSLConfig()
        return self.url, _settings(
            **parts,
            ssl_ca=tls.ca,
            ssl_cert=tls.cert,
            ssl_key=tls.key,
            ssl_reject_unauthorized=tls.reject_unauthorized if self.ssl is not None else None,
            schema=self.schema,
            pool_min=self.pool_min,
            pool_max=self.pool_max,
            connect_timeout=self.connect_timeout,
            statement_timeout=self.statement_timeout,
            pgbouncer=None if self.pgbouncer is False else self.pgbouncer,
            application_name=self.application_name,
            options=self.options,
        )


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """A Redis or Valkey server, a cluster of them, or the master that sentinels know, by URL or by its parts.

    Attributes:
        url: `redis://user:password@host:port/db?option=value`; `rediss://` for TLS, `redis+cluster://h1:p1,h2:p2`,
            `redis+sentinel://h1:p1,h2:p2/service/db`, `redis+unix:///run/redis.sock?db=1`; excludes the five parts.
        host: The server's name or address, or the path of its Unix socket; of a cluster some servers, `h1:p1,h2:p2`;
            with `service_name` the sentinels.
        port: The server's port.
        username: The ACL user.
        password: The user's password.
        db: The number of the database; a cluster has 0 only.
        tls: True encrypts and verifies; `SSLConfig` says with which certificates.
        key_prefix: What the names of all keys begin with; `dq:` where neither this nor the URL says.
        cluster: Whether the servers form a cluster.
        service_name: The name under which sentinels watch over the master; `host` then names the sentinels.
        sentinel_username: The ACL user at the sentinels.
        sentinel_password: The password at the sentinels; `password` is for the servers.
        connect_timeout: How long to wait for a connection.
        response_timeout: How long to wait for an answer.
    """

    url: str | None = field(default=None, repr=False)
    host: str | None = field(default=None, kw_only=True)
    port: int | None = field(default=None, kw_only=True)
    username: str | None = field(default=None, kw_only=True)
    password: str | None = field(default=None, kw_only=True, repr=False)
    db: int | None = field(default=None, kw_only=True)
    tls: bool | SSLConfig | None = field(default=None, kw_only=True)
    key_prefix: str | None = field(default=None, kw_only=True)
    cluster: bool = field(default=False, kw_only=True)
    service_name: str | None = field(default=None, kw_only=True)
    sentinel_username: str | None = field(default=None, kw_only=True)
    sentinel_password: str | None = field(default=None, kw_only=True, repr=False)
    connect_timeout: Duration | None = field(default=None, kw_only=True)
    response_timeout: Duration | None = field(default=None, kw_only=True)

    def to_core(self) -> tuple[str | None, dict[str, str]]:
        """The URL and the settings as the engine takes them.

        Raises:
            ConfigError: They contradict each other, or one is out of its limits.
        """
        parts = {name: getattr(self, name) for name in ("host", "port", "username", "password", "db")}
        given = [name for name, value in parts.items() if value is not None]
        if self.url is not None and given:
            raise ConfigError(f"RedisConfig got both url and {', '.join(given)}: put these into the URL")
        if self.url is not None and not REDIS_URL.match(self.url.strip()):
            raise ConfigError(
                "RedisConfig's url must begin with redis://, rediss://, redis+cluster://, rediss+cluster://, "
                "redis+sentinel://, rediss+sentinel:// or redis+unix://"
            )
        tls = self.tls if isinstance(self.tls, SSLConfig) else None
        return self.url or "redis://", _settings(
            **parts,
            tls=True if tls is not None else self.tls,
            ssl_ca=tls.ca if tls else None,
            ssl_cert=tls.cert if tls else None,
            ssl_key=tls.key if tls else None,
            ssl_reject_unauthorized=tls.reject_unauthorized if tls else None,
            key_prefix=self.key_prefix,
            cluster=True if self.cluster else None,
            service_name=self.service_name,
            sentinel_username=self.sentinel_username,
            sentinel_password=self.sentinel_password,
            connect_timeout=self.connect_timeout,
            response_timeout=self.response_timeout,
        )


@dataclass(frozen=True, slots=True)
class SqliteConfig:
    """An SQLite file, made when it does not exist.

    Attributes:
        path: The file; `:memory:` keeps everything in this process, as long as the queue is open.
        busy_timeout: How long to wait for another process's transaction.
    """

    path: str | os.PathLike[str] = "dataqueue.db"
    busy_timeout: Duration | None = field(default=None, kw_only=True)

    def to_core(self) -> tuple[str | None, dict[str, str]]:
        """The settings as the engine takes them.

        Raises:
            ConfigError: One is out of its limits.
        """
        return None, _settings(path=self.path, busy_timeout=self.busy_timeout)


Config: TypeAlias = str | PostgresConfig | RedisConfig | SqliteConfig


def open_store(config: Config | Store | None, environ: Mapping[str, str] | None = None) -> Store:
    """The store that a URL or configuration names; None reads `$DATAQUEUE_URL`, then `$PG_DATAQUEUE_DATABASE`.

    One that is open already, as tests have, is passed on.

    Nothing is connected yet.

    Raises:
        ConfigError: It cannot be used.
        TypeError: It is neither.
    """
    from ._core import Store

    if config is None:
        environ = os.environ if environ is None else environ
        config = next((environ[name] for name in URL_VARIABLES if environ.get(name)), DEFAULT_URL)
    if isinstance(config, str):
        return Store(config, {})
    if isinstance(config, PostgresConfig | RedisConfig | SqliteConfig):
        return Store(*config.to_core())
    if isinstance(config, Store):
        return config
    raise TypeError(
        "a queue is opened with a URL, PostgresConfig, RedisConfig, SqliteConfig or a pool from create_pool(), "
        f"not {type(config).__name__}"
    )


_NUMBERS = {"port": (1, 65_535), "pool_min": (0, 10_000), "pool_max": (1, 10_000), "db": (0, 2**31 - 1)}
_DURATIONS = frozenset({"connect_timeout", "statement_timeout", "response_timeout", "busy_timeout"})
_FLAGS = frozenset({"ssl_reject_unauthorized", "pgbouncer", "tls", "cluster"})
_NAMES = frozenset({"schema", "application_name"})


def _settings(**given: Any) -> dict[str, str]:
    try:
        return {name: _text(name, value) for name, value in given.items() if value is not None}
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from None


def _text(name: str, value: Any) -> str:
    if name in _NUMBERS:
        return str(check_int(name, value, *_NUMBERS[name]))
    if name in _DURATIONS:
        return f"{seconds(name, value):.6f}".rstrip("0").rstrip(".")
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, not {value!r:.80}")
        return "true" if value else "false"
    if name in _NAMES:
        return check_name(name, value)
    if not isinstance(value, str | os.PathLike):
        # The value may be a password, so it is not shown.
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return os.fspath(value)
