"""Runs the engine's tests of Redis once more on each other server that the environment names.

    python -m tests.servers -- python -m tests.variants

The oldest version, Valkey and a cluster keep the same promises as the server that `cargo test` found. A server that
cannot be had on this machine is named.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.redis_servers import CLUSTER_VARIABLE, OLDEST_VARIABLE, REDIS_VARIABLE, VALKEY_VARIABLE

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
        print(f"the tests of Redis on {name}:", flush=True)
        command = ["cargo", "test", "--locked", "--quiet", "--test", "core", "redis::"]
        code = subprocess.run(command, env={**os.environ, REDIS_VARIABLE: url}, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
