"""A server that asks for passwords and can be reached over IPv4, IPv6 and a Unix socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
import pytest

from dataqueue import JobQueue
from tests import servers
from tests.cluster import Cluster, run_cluster, version_of
from tests.conftest import NOT_HERE

PASSWORD = "p@s/s:w%rd?#é &=+\"'\\ Zq9"
"""Holds each character that means something in a URL."""
SECRET = "Zq9"
"""The part of it that no output may hold."""

_HBA = """
local all postgres trust
local all all scram-sha-256
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


@dataclass(frozen=True)
class GuardedServer:
    """A server on which the role `app`, which owns the database `app`, has to give `PASSWORD`."""

    cluster: Cluster
    admin_url: str
    """As the superuser, who is trusted, to the database `app`."""

    @property
    def port(self) -> int:
        return self.cluster.port

    @property
    def url(self) -> str:
        """As `app`, over IPv4."""
        return self.url_at(f"127.0.0.1:{self.port}")

    def url_at(self, where: str, rest: str = "/app", password: str = PASSWORD) -> str:
        """As `app`, to a host of this server."""
        return f"postgresql://app:{quote(password, safe='')}@{where}{rest}"


@pytest.fixture(scope="session")
def guarded_server() -> Iterator[GuardedServer]:
    places = [*servers.machine_bin_dirs(), servers.wheel_bin_dir()]
    bin_dir = next((place for place in places if place is not None and version_of(place)), None)
    if bin_dir is None:
        pytest.skip(f"{NOT_HERE}no PostgreSQL binaries on this machine: apt-get install postgresql")
    listen = "127.0.0.1,::1" if has_ipv6() else "127.0.0.1"
    with run_cluster(bin_dir, {"listen_addresses": listen}, _HBA) as cluster:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("create role app login password {}").format(PASSWORD))
            connection.execute("create database app owner app")
        yield GuardedServer(cluster, cluster.url.rsplit("/", 1)[0] + "/app")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def connects(url: str) -> str:
    """The user that a queue on this URL is connected as."""
    with JobQueue(url) as queue:
        return str(queue.get_pool().fetch("select current_user as name")[0]["name"])
