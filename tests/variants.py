"""Runs the tests of Redis, the engine's and Python's, once more on each other server that the environment names.

    python -m tests.servers -- python -m tests.variants -n 2

What follows is passed on to pytest. The oldest version, Valkey and a cluster keep the same promises as the server that
the other tests found; the engine's run behind sentinels too. Python meets a server through the engine, but for what it
asks with a client of its own: all of its tests run on the cluster, where connections differ, and those on the others. A
server that cannot be had on this machine is named.
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
    from collections.abc import Sequence

OTHERS = {
    "the oldest Redis that is supported": OLDEST_VARIABLE,
    "Valkey": VALKEY_VARIABLE,
    "a cluster of three masters": CLUSTER_VARIABLE,
}


ENGINE = ("cargo", "test", "--locked", "--quiet", "--test", "core", "redis::")
# These start servers of their own, whatever the environment names.
OWN = (
    "tests/python/redis_faults",
    "tests/python/test_redis_connecting.py",
    "tests/python/test_redis_sentinels.py",
    "tests/python/test_redis_servers.py",
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
EVERYTHING = ("tests/python", *(f"--ignore={path}" for path in OWN))


def main(arguments: Sequence[str]) -> int:
    """Runs them one after the other; the first that fails decides."""
    root = Path(__file__).parent.parent
    missing = [path for path in (*OWN, *ASKING) if not (root / path).exists()]
    assert not missing, f"moved: {missing}"
    for name, variable in OTHERS.items():
        url = os.environ.get(variable)
        if not url:
            print(f"NOT TESTED ON THIS MACHINE: {name} (${variable} is not set)", flush=True)
            continue
        paths = EVERYTHING if variable == CLUSTER_VARIABLE else ASKING
        code = run_tests(name, url, ENGINE, (*PYTEST, *paths, *arguments))
        if code:
            return code
    try:
        with redis_sentinels() as running:
            return run_tests("a master that sentinels name", running.url, ENGINE)
    except NotHereError as reason:
        print(f"NOT TESTED ON THIS MACHINE: {reason}", flush=True)
        return 0


def run_tests(name: str, url: str, *commands: Sequence[str]) -> int:
    """Runs commands on one server; the exit code of the first that fails."""
    print(f"the tests of Redis on {name}:", flush=True)
    root = Path(__file__).parent.parent
    for command in commands:
        code = subprocess.run(command, cwd=root, env={**os.environ, REDIS_VARIABLE: url}, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
