"""A master, its replicas and the sentinels that watch over them, on loopback, gone with their context."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.cluster import Account, ClusterError, free_port, scratch_folder
from tests.redis_process import RedisProcess, run_redis, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["SERVICE", "RedisSentinels", "Sentinel", "ask", "follow", "role", "run_redis_sentinels", "run_sentinel"]

SERVICE = "main"
_REPLICAS = 2
_SENTINELS = 3
_QUORUM = 2
# A machine under load may stop a sentinel for seconds: it then waits for half a minute before it acts again.
_DEADLINE = 90.0


class Sentinel(RedisProcess):
    """One sentinel, which keeps what it knows in its own configuration."""

    def __init__(self, binary: Path, folder: Path, port: int, lines: Sequence[str], *, tls: bool) -> None:
        super().__init__(binary, folder, {}, port)
        ports = ["port 0", f"tls-port {port}"] if tls else [f"port {port}"]
        self._lines = ["bind 127.0.0.1", f"unixsocket {self.socket}", f"dir {folder}", *ports, *lines]

    def launch(self) -> None:
        """Starts the sentinel, and does not wait for it."""
        own = self.folder / "sentinel.conf"
        if not own.exists():
            own.write_text("\n".join(self._lines) + "\n")
        self.process = Account().start([self.binary, own, "--sentinel"], self.folder, self.log)

    def named(self) -> int:
        """The port of the master, by its word."""
        return int(ask(self, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])


class RedisSentinels:
    """Servers of which one is the master, and their sentinels; `await_ready` waits until they know of each other."""

    def __init__(self, servers: list[RedisProcess], sentinels: list[Sentinel]) -> None:
        self.servers = servers
        self.sentinels = sentinels
        self.title = f"master with {len(servers) - 1} replicas and {len(sentinels)} sentinels of {servers[0].title}"

    @property
    def url(self) -> str:
        """The service by all of its sentinels."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{one.port}' for one in self.sentinels)}/{SERVICE}"

    def master(self) -> RedisProcess | None:
        """The server that all sentinels name and that says itself that it is a master; None in between."""
        named = {one.named() for one in self.sentinels}
        found = next((one for one in self.servers if {one.port} == named and one.is_running()), None)
        return found if found is not None and role(found) == "master" else None

    def await_master(self, *, other_than: RedisProcess | None = None) -> RedisProcess:
        """Waits until there is a master, and another one than that.

        Raises:
            ClusterError: There is none in time.
        """
        found: list[RedisProcess] = []

        def look() -> bool:
            found[:] = [one for one in [self.master()] if one is not None and one is not other_than]
            return bool(found)

        wait_until(look, "a master that all sentinels name", _DEADLINE)
        return found[0]

    def fail_over(self) -> None:
        """Has a replica promoted in the place of a master that is well.

        Raises:
            ClusterError: The sentinel knows of no replica that could be.
        """
        import redis

        def accepted() -> bool:
            try:
                ask(self.sentinels[0], "SENTINEL", "FAILOVER", SERVICE)
            except redis.ResponseError as error:
                return "INPROG" in str(error)
            return True

        wait_until(accepted, "a fail-over", _DEADLINE)

    def await_ready(self) -> None:
        """Waits until each sentinel knows of all others, and of replicas that could take over.

        Raises:
            ClusterError: They do not find together.
        """
        for one in self.sentinels:
            wait_until(lambda one=one: self.state(one) == "ok", f"the sentinel of port {one.port}", _DEADLINE)  # type: ignore[misc]

    def state(self, one: Sentinel) -> str:
        """`ok` when this sentinel could lead a fail-over, else what is missing."""
        known = _pairs(ask(one, "SENTINEL", "MASTER", SERVICE))
        wanted = {"flags": "master", "num-other-sentinels": str(len(self.sentinels) - 1)}
        missing = [f"{name} is {known.get(name)}" for name in wanted if known.get(name) != wanted[name]]
        replicas = [_pairs(told) for told in ask(one, "SENTINEL", "REPLICAS", SERVICE)]
        fit = [told for told in replicas if (told["flags"], told["master-link-status"]) == ("slave", "ok")]
        missing += [] if len(fit) == len(self.servers) - 1 else [f"replicas are {replicas}"]
        return missing[0] if missing else "ok"


@contextmanager
def run_redis_sentinels(binary: Path) -> Iterator[RedisSentinels]:
    """Starts a master, two replicas and three sentinels, which run until the context ends."""
    with ExitStack() as stack:
        settings = {"repl-diskless-sync-delay": "0"}
        servers = [stack.enter_context(run_redis(binary, settings)) for _ in range(1 + _REPLICAS)]
        for replica in servers[1:]:
            follow(replica, servers[0])
        for replica in servers[1:]:
            wait_until(lambda replica=replica: _link(replica) == "connected", f"the replica of port {replica.port}")  # type: ignore[misc]
        sentinels = [stack.enter_context(run_sentinel(binary, servers[0], quorum=_QUORUM)) for _ in range(_SENTINELS)]
        yield RedisSentinels(servers, sentinels)


@contextmanager
def run_sentinel(
    binary: Path, master: RedisProcess, *, quorum: int = 1, lines: Sequence[str] = (), tls: bool = False
) -> Iterator[Sentinel]:
    """Runs a sentinel until the context ends; `lines` are more of its configuration."""
    watched = {"down-after-milliseconds": 500, "failover-timeout": 3000, "parallel-syncs": _REPLICAS}
    known = [
        f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} {quorum}",
        *(f"sentinel {name} {SERVICE} {value}" for name, value in watched.items()),
    ]
    with scratch_folder("dq-rs-", Account()) as folder:
        sentinel = _started(binary, folder, [*known, *lines], tls=tls)
        try:
            yield sentinel
        finally:
            sentinel.kill()


def _started(binary: Path, folder: Path, lines: Sequence[str], *, tls: bool) -> Sentinel:
    tries = 5
    while True:
        sentinel = Sentinel(binary, folder, free_port(), lines, tls=tls)
        try:
            sentinel.start()
        except ClusterError:
            # Another process may take the port between the probe and the start.
            tries -= 1
            if tries == 0 or "in use" not in sentinel.told():
                raise
            (folder / "sentinel.conf").unlink()
        else:
            return sentinel


def follow(server: RedisProcess, master: RedisProcess) -> None:
    """Makes a server the replica of another."""
    ask(server, "REPLICAOF", "127.0.0.1", str(master.port))


def role(server: RedisProcess) -> str:
    """`master` or `slave`."""
    return bytes(ask(server, "ROLE")[0]).decode()


def _link(replica: RedisProcess) -> str:
    return bytes(ask(replica, "ROLE")[3]).decode()


def _pairs(told: Any) -> Mapping[str, str]:
    pairs = told.items() if isinstance(told, dict) else zip(told[::2], told[1::2], strict=True)
    return {bytes(name).decode(): bytes(value).decode() for name, value in pairs}


def ask(server: RedisProcess, *command: str) -> Any:
    """The answer to a command, sent by the server's Unix socket."""
    import redis

    with redis.Redis(unix_socket_path=str(server.socket), protocol=2, socket_timeout=10) as client:
        # As parts, lest the client reads the answer into something of its own.
        client.response_callbacks.clear()
        return client.execute_command(*command)
