"""A private Redis or Valkey server: data in a temporary folder, on loopback, gone with its context."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import Account, ClusterError, free_port, scratch_folder, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.certificates import KeyPair

__all__ = ["RedisProcess", "run_redis", "version_of"]

_START_DEADLINE = 30.0
# Until this version nothing had to be allowed for DEBUG.
_DEBUG_IS_A_SETTING = 7
_HIGHEST_PORT = 65_535


class RedisProcess:
    """A server that can be stopped, killed and started again, on the same port and with the same data."""

    def __init__(self, binary: Path, folder: Path, settings: Mapping[str, str], port: int) -> None:
        name, self.version = version_of(binary) or ("Redis", "0")
        self.title = f"{name} {self.version}"
        self.binary = binary
        self.folder = folder
        self.port = port
        self.settings = dict(settings)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's URL, without its settings of TLS and its password."""
        return f"{'rediss' if 'tls-port' in self.settings else 'redis'}://127.0.0.1:{self.port}"

    @property
    def socket(self) -> Path:
        """The server's Unix socket."""
        return self.folder / "redis.sock"

    def launch(self) -> None:
        """Starts the server, and does not wait for it."""
        tls = "tls-port" in self.settings
        chosen = {
            "bind": "127.0.0.1",
            "port": "0" if tls else str(self.port),
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            **({"enable-debug-command": "local"} if _major(self.version) >= _DEBUG_IS_A_SETTING else {}),
            **self.settings,
            **({"tls-port": str(self.port)} if tls else {}),
        }
        options = [text for name, value in chosen.items() for text in (f"--{name}", value)]
        self.process = Account().start([self.binary, *options], self.folder, self.log)

    def start(self) -> None:
        """Starts the server and waits until it takes commands, its data read.

        Raises:
            ClusterError: It ended, or did not answer in time.
        """
        self.launch()
        if not self.await_ready():
            self.kill()
            raise ClusterError(f"{self.title} did not start on port {self.port}:\n{self.told()}")

    def await_ready(self) -> bool:
        """Waits until the server takes commands; False if it ended or takes too long."""
        deadline = time.monotonic() + _START_DEADLINE
        while self.is_running() and time.monotonic() < deadline:
            # By the socket, where nobody else can answer in its place.
            if _answers(self.socket):
                return True
            time.sleep(0.005)
        return False

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stops the server, which saves what its settings tell it to save."""
        if self.process is not None:
            stop(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """Ends the server as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> Path:
        """What the server writes to its output."""
        return self.folder / "server.log"

    def told(self) -> str:
        """The text of the log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@contextmanager
def run_redis(
    binary: Path,
    settings: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    tls: KeyPair | None = None,
) -> Iterator[RedisProcess]:
    """Runs a fresh server until the context ends.

    Args:
        binary: `redis-server` or `valkey-server`.
        settings: Further settings, over those that every test server has: no persistence, no eviction.
        files: Files to write into its folder first.
        tls: The server's certificate; it then takes encrypted connections only.
    """
    if version_of(binary) is None:
        raise ClusterError(f"{binary} is no Redis server that runs on this machine")
    with scratch_folder("dq-rd-", Account()) as folder:
        for name, text in {**(files or {}), **_key_files(tls)}.items():
            (folder / name).write_text(text)
        server = _started(binary, folder, {**_tls_settings(tls, folder), **(settings or {})})
        try:
            yield server
        finally:
            server.kill()


def _started(binary: Path, folder: Path, settings: Mapping[str, str]) -> RedisProcess:
    tries = 5
    while True:
        server = RedisProcess(binary, folder, settings, free_port())
        try:
            server.start()
        except ClusterError:
            # Another process may take the port between the probe and the start.
            tries -= 1
            if tries == 0 or "Address already in use" not in server.told():
                raise
        else:
            return server


def version_of(binary: Path) -> tuple[str, str] | None:
    """The name and the version of a server, such as `("Valkey", "9.1.2")`; None where it is none that runs."""
    try:
        shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.match(r"(Redis|Valkey) server v=(\d[\w.-]*)", shown.stdout)
    return (found.group(1), found.group(2)) if found else None


def port_with_bus() -> int:
    """A free port whose cluster bus, 10,000 above it, is free too."""
    while True:
        port = free_port()
        if port + 10_000 > _HIGHEST_PORT:
            port -= 20_000
        with suppress(OSError), socket.socket() as own, socket.socket() as bus:
            own.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + 10_000))
            return port


def wait_until(condition: Callable[[], bool], what: str, deadline: float = _START_DEADLINE) -> None:
    """Waits for a condition.

    Raises:
        ClusterError: It did not come about in time.
    """
    until = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > until:
            raise ClusterError(f"{what}: not within {deadline:g} seconds")
        time.sleep(0.01)


def _key_files(tls: KeyPair | None) -> dict[str, str]:
    return {} if tls is None else {"own.crt": tls.cert, "own.key": tls.key}


def _tls_settings(tls: KeyPair | None, folder: Path) -> dict[str, str]:
    if tls is None:
        return {}
    return {"tls-port": "", "tls-cert-file": str(folder / "own.crt"), "tls-key-file": str(folder / "own.key")}


def _major(version: str) -> int:
    return int(version.split(".", 1)[0])


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
    except OSError:
        return False
    # With a password, it is up once it asks for it.
    return answer.startswith((b"+PONG", b"-NOAUTH"))
