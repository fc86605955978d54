"""Runs the engine's tests of Redis once more on each other server that the environment names.

    python -m tests.servers -- python -m tests.variants

The oldest version, Valkey, a cluster and a master behind sentinels keep the same promises as the server that
`cargo test` found. A server that cannot be had on this machine is named.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.pooler import NotHereError
from tests.redis_servers import (
    CLUSTER_VARIABLE,
    OLDEST_VARIABLE,
    REDIS_VARIABLE,
    VALKEY_VARIABLE,
    redis_sentinels,
)

OTHERS = {
    "the oldest Redis that is supported": OLDEST_VARIABLE,
    "Valkey": VALKEY_VARIABLE,
    "a cluster of three masters": CLUSTER_VARIABLE,
}


def main() -> int:
    """Runs them one after the other; the first that fails decides."""
    for name, variable in OTHERS.items():
        url = os.environ.get(variable)
        if not url:
            print(f"NOT TESTED ON THIS MACHINE: {name} (${variable} is not set)", flush=True)
            continue
        code = run_tests(name, url)
        if code:
            return code
    try:
        with redis_sentinels() as running:
            return run_tests("a master that sentinels name", running.url)
    except NotHereError as reason:
        print(f"NOT TESTED ON THIS MACHINE: {reason}", flush=True)
        return 0


def run_tests(name: str, url: str) -> int:
    """Runs them on one server, and answers the exit code."""
    print(f"the tests of Redis on {name}:", flush=True)
    command = ["cargo", "test", "--locked", "--quiet", "--test", "core", "redis::"]
    return subprocess.run(command, env={**os.environ, REDIS_VARIABLE: url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
