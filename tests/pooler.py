"""PgBouncer in transaction mode in front of a test server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tests.cluster import Account, ClusterError, free_port, scratch_folder, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_START_DEADLINE = 20.0


class NotHereError(RuntimeError):
    """What a test needs cannot be had on this machine; the message tells how to get it."""


@dataclass
class Pooler:
    """A running PgBouncer."""

    url: str
    """Through the pooler."""
    direct_url: str
    """Past the pooler, to the server itself."""
    version: str
    process: subprocess.Popen[bytes] = field(repr=False)
    _start_again: Callable[[], subprocess.Popen[bytes]] = field(repr=False)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Starts it again, on the same port, after `kill`."""
        self.process = self._start_again()


@contextmanager
def pgbouncer(server_url: str, pool_size: int = 20, settings: Mapping[str, str] | None = None) -> Iterator[Pooler]:
    """Runs PgBouncer in transaction mode before the server of `server_url`, until the context ends.

    Args:
        server_url: The server.
        pool_size: How many connections to the server it opens for a user and database.
        settings: Further settings, over those that every test pooler has.

    Raises:
        NotHereError: There is no `pgbouncer` on this machine.
    """
    binary = _binary()
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    version = shown.split("\n", 1)[0].removeprefix("PgBouncer ").strip()
    target = urlsplit(server_url)
    database = target.path.lstrip("/") or target.username or "postgres"
    user = unquote(target.username or "postgres")
    account = Account.unprivileged()
    with scratch_folder("dq-pb-", account) as folder:
        users = account.write(folder / "users.txt", f'"{user}" "{unquote(target.password or "")}"\n')
        config = _config(target.hostname, target.port, users, pool_size, settings or {})
        port, process = _start(binary, folder, account, config)

        def start_again() -> subprocess.Popen[bytes]:
            return _start(binary, folder, account, config, port)[1]

        url = f"postgresql://{user}@127.0.0.1:{port}/{database}"
        pooler = Pooler(url, server_url, version, process, start_again)
        try:
            yield pooler
        finally:
            stop(pooler.process, signal.SIGTERM)


def _binary() -> str:
    places = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which("pgbouncer", path=os.pathsep.join(places))
    if found is None:
        raise NotHereError("PgBouncer is not on this machine: install it (apt-get install pgbouncer)")
    return found


def _config(host: str | None, port: int | None, users: Path, pool_size: int, settings: Mapping[str, str]) -> str:
    further = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"""[databases]
* = host={host or "127.0.0.1"} port={port or 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {{port}}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
max_client_conn = 500
default_pool_size = {pool_size}
{further}"""


def _start(
    binary: str, folder: Path, account: Account, config: str, same_port: int | None = None
) -> tuple[int, subprocess.Popen[bytes]]:
    log = folder / "pgbouncer.log"
    for _ in range(5):
        port = same_port or free_port()
        path = account.write(folder / "pgbouncer.ini", config.format(port=port))
        process = account.start([binary, path], folder, log)
        deadline = time.monotonic() + _START_DEADLINE
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port, process
            except OSError:
                time.sleep(0.01)
        stop(process, signal.SIGKILL)
    raise ClusterError(f"{binary} did not start:\n{log.read_text(errors='replace')}")
