"""How the tests that draw random ways are run.

`DATAQUEUE_HYPOTHESIS=long` looks for longer, and elsewhere each time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

    from dataqueue import JobQueue

__all__ = ["explore"]

_CHECKED = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    # Explaining would repeat a failing way many times over.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
_LONG = settings(_CHECKED, max_examples=1500, stateful_step_count=60, derandomize=False)


def explore(machine: type[RuleBasedStateMachine], queue: JobQueue, most: int = 120) -> None:
    """Goes at most so many ways of a machine, all on one queue, which each leaves empty."""
    profile = _LONG if os.environ.get("DATAQUEUE_HYPOTHESIS") == "long" else settings(_CHECKED, max_examples=most)
    run_state_machine_as_test(type(machine.__name__, (machine,), {"queue": queue}), settings=profile)
