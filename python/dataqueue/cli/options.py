"""Options that several commands take: which store, and from where its URL is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ..config import REDIS_URL, URL_VARIABLES, PostgresConfig, RedisConfig
from ..errors import ConfigError

if TYPE_CHECKING:
    from ..blocking import JobQueue

__all__ = [
    "bounded",
    "check_file",
    "json_option",
    "key_prefix_option",
    "open_config",
    "read_env",
    "store_options",
    "with_queue",
]

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


def json_option(command: F) -> F:
    """Adds --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def with_queue(*, creates: bool = False, bound: float | None = None) -> Callable[[F], F]:
    """Adds the options that say which store, and calls the command with its queue first.

    What the queue finds wrong with an argument ends the command as a bad option does.

    Args:
        creates: Whether a file of SQLite that is not there is made; else the command says that there is none.
        bound: The seconds after which a server gives a statement up, where not as the URL says.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def run(*args: Any, url: Any, schema: Any, env_path: Any, key_prefix: Any, **options: Any) -> Any:
            from ..blocking import JobQueue

            config = open_config(url, schema, env_path, None, key_prefix)
            with JobQueue(config if bound is None else bounded(config, bound)) as queue, _arguments_refused():
                if not creates:
                    check_file(queue)
                return command(queue, *args, **options)

        return cast("F", store_options(key_prefix_option(run)))

    return decorate


def bounded(config: Any, seconds: float) -> Any:
    """The same store, whose server gives a statement up after so many seconds."""
    if isinstance(config, str) and config.startswith(("postgresql://", "postgres://")):
        config = PostgresConfig(config)
    elif isinstance(config, str) and REDIS_URL.match(config):
        config = RedisConfig(config)
    if isinstance(config, PostgresConfig):
        return replace(config, statement_timeout=seconds)
    if isinstance(config, RedisConfig):
        return replace(config, response_timeout=seconds)
    return config


@contextmanager
def _arguments_refused() -> Iterator[None]:
    try:
        yield
    except ConfigError:
        raise
    except (ValueError, TypeError) as error:
        raise click.UsageError(str(error), click.get_current_context()) from None


def check_file(queue: JobQueue) -> None:
    """Refuses an SQLite file that is not there: to look at what was mistyped must not make it.

    Raises:
        click.ClickException: It is not there.
    """
    from .._core import whereabouts

    path = whereabouts(queue._requests.store).get("path")
    if path is not None and not Path(path).exists():
        raise click.ClickException(
            f"there is no SQLite database {path}: name the store with --url, or with $DATAQUEUE_URL"
        )


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
