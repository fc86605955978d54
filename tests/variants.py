"""Runs the tests of Redis once more on each other server that the environment names, and some of PostgreSQL's on tables
that were adopted.

    python -m tests.servers -- python -m tests.variants -n 2

What follows is passed on to pytest. The oldest version, Valkey and a cluster keep the same promises as the server
that the other tests found; a master that sentinels name too. Those that differ most run all of the engine's tests,
the others what leans on the server, unless $DATAQUEUE_TEST_EVERYWHERE is set. Python meets a server through the
engine, but for what it asks with a client of its own: most of its tests run on the cluster, where connections differ,
and those on the others. A server that cannot be had on this machine is named.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.pooler import NotHereError
from tests.redis_servers import (
    CLUSTER_VARIABLE,
    OLDEST_VARIABLE,
    REDIS_VARIABLE,
    VALKEY_VARIABLE,
    redis_sentinels,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parent.parent
EVERYWHERE = "DATAQUEUE_TEST_EVERYWHERE"
OTHERS = {
    "the oldest Redis that is supported": OLDEST_VARIABLE,
    "Valkey": VALKEY_VARIABLE,
    "a cluster of three masters": CLUSTER_VARIABLE,
}
# What leans on the server's version, and on the connection to it.
LEANING = (
    *("claim", "dependencies", "errors", "events", "flow", "hooks", "keys", "leases", "migrate", "race", "rates"),
    *("reopening", "schedules", "settle", "stream", "tokens", "unique", "wake", "watch", "workers"),
)
# Set to have each schema of a test made by the TypeScript library, and adopted: ids of another type, and triggers.
ADOPTED = "DATAQUEUE_TEST_ADOPTED"
# Not among them: tests that go down to an empty schema, or that move events with their ids.
ON_ADOPTED = (
    *("add", "bulk", "change", "claim", "deleting", "dependencies", "edit", "events", "find", "flow", "leases"),
    *("letters", "notes", "schedules", "settle", "steps", "stream", "tokens", "unique", "waits", "watch"),
)
# These start servers of their own, whatever the environment names.
OWN = (
    "tests/python/redis_faults",
    "tests/python/test_redis_connecting.py",
    "tests/python/test_redis_sentinels.py",
    "tests/python/test_redis_servers.py",
)
# These look at what is the same whatever the connections are.
ALIKE = (
    "tests/python/contrib",
    "tests/python/dashboard/test_browser.py",
    "tests/python/dashboard/test_browser_fleet.py",
    "tests/python/docs",
)
# What asks the server with a client of Python's.
ASKING = (
    "tests/python/connecting",
    "tests/python/test_durability.py",
    "tests/python/test_redis_client.py",
    "tests/python/test_redis_config.py",
    "tests/python/test_survival.py",
)
PYTEST = (sys.executable, "-m", "pytest", "-q", "-k", "redis")
ON_A_CLUSTER = ("tests/python", *(f"--ignore={path}" for path in (*OWN, *ALIKE)))


def main(arguments: Sequence[str]) -> int:
    """Runs them one after the other; the first that fails decides."""
    missing = [path for path in (*OWN, *ALIKE, *ASKING) if not (ROOT / path).exists()]
    missing += [
        name for name in (*LEANING, *ON_ADOPTED) if not (ROOT / "tests/core/conformance" / f"{name}.rs").exists()
    ]
    assert not missing, f"moved: {missing}"
    some = engine("redis", [""] if os.environ.get(EVERYWHERE) else [f"{name}::" for name in LEANING])
    adopted = engine("postgres", (f"{name}::" for name in ON_ADOPTED))
    if code := run_tests("the tests of PostgreSQL on tables that were adopted", {ADOPTED: "latest"}, adopted):
        return code
    for name, variable in OTHERS.items():
        url = os.environ.get(variable)
        if not url:
            print(f"NOT TESTED ON THIS MACHINE: {name} (${variable} is not set)", flush=True)
            continue
        paths = ON_A_CLUSTER if variable == CLUSTER_VARIABLE else ASKING
        tests = some if variable == VALKEY_VARIABLE else engine("redis", [""])
        code = run_tests(on(name), {REDIS_VARIABLE: url}, tests, (*PYTEST, *paths, *arguments))
        if code:
            return code
    try:
        with redis_sentinels() as running:
            return run_tests(on("a master that sentinels name"), {REDIS_VARIABLE: running.url}, some)
    except NotHereError as reason:
        print(f"NOT TESTED ON THIS MACHINE: {reason}", flush=True)
        return 0


def engine(store: str, names: Iterable[str]) -> tuple[str, ...]:
    """The command that runs the engine's tests of a store whose names go on like these."""
    whole = (f"{store}::{name}" for name in names)
    return ("cargo", "test", "--locked", "--quiet", "--test", "core", "--", *whole)


def on(server: str) -> str:
    return f"the tests of Redis on {server}"


def run_tests(name: str, environment: Mapping[str, str], *commands: Sequence[str]) -> int:
    """Runs commands in an environment; the exit code of the first that fails."""
    print(f"{name}:", flush=True)
    for command in commands:
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
