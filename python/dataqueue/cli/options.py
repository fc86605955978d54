"""Options that several commands take: which store, and from where its URL is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..config import REDIS_URL, URL_VARIABLES, PostgresConfig, RedisConfig

__all__ = ["key_prefix_option", "open_config", "read_env", "store_options"]

F = TypeVar("F", bound=Callable[..., Any])


def store_options(command: F) -> F:
    """Adds --url, --schema and --env-path."""
    for option in (
        click.option("--env-path", type=click.Path(), help="Read environment variables from this file of KEY=VALUE."),
        click.option("--schema", help="The PostgreSQL schema that holds the tables."),
        click.option("--url", help="The store; $DATAQUEUE_URL, then $PG_DATAQUEUE_DATABASE if left out."),
    ):
        command = option(command)
    return command


def key_prefix_option(command: F) -> F:
    """Adds --key-prefix."""
    return click.option("--key-prefix", help="What the names of the queue's keys in Redis begin with.")(command)


def open_config(
    url: str | None,
    schema: str | None,
    env_path: str | None,
    default: str | None = None,
    key_prefix: str | None = None,
) -> Any:
    """What a queue is opened with.

    Raises:
        click.ClickException: The file cannot be read, or an option was given for a store that has none such.
    """
    environ = {**read_env(env_path), **os.environ} if env_path else dict(os.environ)
    url = url or next((environ[name] for name in URL_VARIABLES if environ.get(name)), default)
    if key_prefix is not None:
        if url is None or not REDIS_URL.match(url):
            raise click.ClickException("--key-prefix is for Redis: give --url redis://… with it")
        return RedisConfig(url, key_prefix=key_prefix)
    if schema is None:
        return url
    if url is None or not url.startswith(("postgresql://", "postgres://")):
        raise click.ClickException("--schema is for PostgreSQL: give --url postgresql://… with it")
    return PostgresConfig(url, schema=schema)


def read_env(path: str) -> dict[str, str]:
    """The variables of a file with lines KEY=VALUE; quotes around a value and a leading `export` are taken off.

    Raises:
        click.ClickException: It cannot be read, or a line is not of this form.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read {path}: {error}") from None
    found = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise click.ClickException(f"{path}, line {number}: expected KEY=VALUE")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name.strip()] = value
    return found
