"""What a backend's OPTIONS say: which store, and how its jobs are added."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from ...config import URL_VARIABLES
from ...job_types import JobType

__all__ = ["Options"]

_OF_JOBS = (
    "expires_in",
    "keep_result_for",
    "max_attempts",
    "retry_backoff",
    "retry_delay",
    "retry_delay_max",
    "tags",
    "timeout",
)
_KNOWN = ("DATABASE", "MODULES", "schema", "url", *_OF_JOBS)
# What libpq and dataqueue call by the same names.
_PASSED_ON = ("application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert")
# What Django and psycopg keep for themselves.
_OF_DJANGO = ("assume_role", "isolation_level", "pool", "server_side_binding")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one backend, checked.

    Attributes:
        url: The store, where it is named.
        schema: The PostgreSQL schema that holds its tables, where that is named.
        database: The alias of the database whose transactions jobs are added in.
        modules: Modules that the worker imports, beside the `tasks` modules of apps.
        of_jobs: The options that every job is added with.
    """

    url: str | None = field(default=None, repr=False)
    schema: str | None = None
    database: str | None = None
    modules: tuple[str, ...] = ()
    of_jobs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, alias: str, given: Mapping[str, Any]) -> Options:
        """The options of the backend `alias`.

        Raises:
            ImproperlyConfigured: One is not known, or cannot be used.
        """
        where = f"TASKS[{alias!r}]['OPTIONS']"
        if unknown := sorted(set(given) - set(_KNOWN)):
            raise ImproperlyConfigured(f"{where} has {unknown[0]!r}: known are {', '.join(_KNOWN)}")
        for name in ("DATABASE", "schema", "url"):
            if given.get(name) is not None and not (isinstance(given[name], str) and given[name]):
                raise ImproperlyConfigured(f"{where}[{name!r}] must be a str, not {type(given[name]).__name__}")
        modules = given.get("MODULES", ())
        if isinstance(modules, str) or not all(isinstance(one, str) for one in modules):
            raise ImproperlyConfigured(f"{where}['MODULES'] must be a list of module names, such as ['shop.mails']")
        of_jobs = {name: given[name] for name in _OF_JOBS if name in given}
        try:
            JobType(alias or "default", **of_jobs)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{where}: {error}") from error
        return cls(given.get("url"), given.get("schema"), given.get("DATABASE"), tuple(modules), of_jobs)

    def location(self) -> str:
        """The URL of the store: the one that is named, else the environment's, else that of `DATABASE`.

        Raises:
            ImproperlyConfigured: None is named, or the database's settings do not say enough.
        """
        url = self.url or next((os.environ[name] for name in URL_VARIABLES if os.environ.get(name)), None)
        if url is None:
            if self.database is None:
                raise ImproperlyConfigured(
                    "no store is named: set OPTIONS['url'], such as 'postgresql://app@db/app', or OPTIONS['DATABASE'] "
                    "to the alias of a PostgreSQL database, or $DATAQUEUE_URL"
                )
            url = _url_of(self.database)
        if self.schema is None:
            return url
        return f"{url}{'&' if '?' in url else '?'}schema={quote(self.schema, safe='')}"


def _nearby(port: object) -> str:
    """Where libpq looks when no host is named: the directory of a Unix socket, if there is one."""
    folders = (Path("/var/run/postgresql"), Path("/tmp"))  # noqa: S108 - where servers put their sockets
    return next((str(one) for one in folders if (one / f".s.PGSQL.{port}").exists()), "localhost")


def _url_of(alias: str) -> str:
    """The URL of a database of Django's, as its settings are now: a test run has a database of its own."""
    try:
        connection = connections[alias]
    except ConnectionDoesNotExist as error:
        raise ImproperlyConfigured(f"OPTIONS['DATABASE'] is {alias!r}: DATABASES has no such alias") from error
    if connection.vendor != "postgresql":
        raise ImproperlyConfigured(
            f"OPTIONS['DATABASE'] is {alias!r}, which is {connection.vendor}: it must be PostgreSQL. For a store "
            "of another kind set OPTIONS['url'], and leave out DATABASE"
        )
    settings = connection.settings_dict
    options = settings.get("OPTIONS") or {}
    if beyond := sorted(set(options) - {*_PASSED_ON, *_OF_DJANGO}):
        raise ImproperlyConfigured(
            f"DATABASES[{alias!r}]['OPTIONS'] has {beyond[0]!r}, which dataqueue cannot use: "
            "set OPTIONS['url'] in TASKS"
        )
    who = quote(settings["USER"], safe="") if settings.get("USER") else ""
    if settings.get("PASSWORD"):
        who += f":{quote(settings['PASSWORD'], safe='')}"
    host = settings.get("HOST") or _nearby(settings.get("PORT") or 5432)
    # A directory is that of a Unix socket; an address with colons stands in brackets.
    host = quote(host, safe="") if host.startswith("/") else f"[{host}]" if ":" in host else host
    port = f":{settings['PORT']}" if settings.get("PORT") else ""
    query = urlencode({name: options[name] for name in _PASSED_ON if name in options}, quote_via=quote)
    name = quote(settings["NAME"] or "", safe="")
    return f"postgresql://{who}{'@' if who else ''}{host}{port}/{name}{f'?{query}' if query else ''}"
