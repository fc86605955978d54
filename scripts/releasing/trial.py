"""A wheel tried as a user would: in an empty environment, where there is no Rust, and nothing else either."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What would change how Python and pip behave, or where a queue is.
_KEPT_AWAY = ("PYTHON", "CARGO", "RUST", "VIRTUAL_ENV", "CONDA", "DATAQUEUE", "PG_DATAQUEUE", "MATURIN")

_PROGRAM = """\
import sys
from dataclasses import dataclass
from dataqueue import JobHandlers, JobQueue

@dataclass
class Greeting:
    name: str

handlers = JobHandlers()
locked = getattr(sys, "_is_gil_enabled", lambda: True)()

@handlers.job("greet")
def greet(payload: Greeting) -> str:
    return f"hello {payload.name}"

with JobQueue("sqlite:///jobs.db") as queue:
    job_id = queue.add_job(greet, Greeting("Ada"))
    queue.create_processor(handlers).start()
    print(queue.get_job(job_id).output, "with" if locked else "without", "the GIL")
"""


class TrialError(Exception):
    """A wheel does not do what it should."""


def tried(wheel: Path) -> None:
    """Installs the wheel and uses it.

    Raises:
        TrialError: something went otherwise than it should; the message says what.
    """
    version, tag = wheel.name.split("-")[1], wheel.name.split("-")[3]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _run([sys.executable, "-m", "venv", "venv"], folder, dict(os.environ))
        home = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        # The environment's own programs alone: so there is no compiler, whatever the machine has.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_AWAY)}
        environment["PATH"] = str(home)
        for compiler in ("cargo", "rustc", "cc"):
            if found := shutil.which(compiler, path=environment["PATH"]):
                raise TrialError(f"{found} is there, so this would not tell whether the wheel needs it")
        python = shutil.which("python", path=environment["PATH"])
        command = shutil.which("dataqueue", path=environment["PATH"])
        if python is None or command is not None:
            raise TrialError(f"{home} is no empty environment")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        _run([*install, str(wheel.resolve())], folder, environment)
        command = shutil.which("dataqueue", path=environment["PATH"])
        if command is None:
            raise TrialError("the wheel did not bring the command dataqueue")
        _expect(f"version {version}", _run([command, "--version"], folder, environment))
        _run([command, "demo"], folder, environment)
        program = folder / "program.py"
        program.write_text(_PROGRAM, encoding="utf-8")
        gil = "without" if tag.endswith("t") else "with"
        _expect(f"hello Ada {gil} the GIL", _run([python, str(program)], folder, environment))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, text=True, encoding="utf-8", errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    print(f"$ {Path(command[0]).name} {' '.join(command[1:])}\n{done.stdout}", end="", flush=True)
    if done.returncode:
        raise TrialError(f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _expect(text: str, output: str) -> None:
    if text not in output:
        raise TrialError(f"{text!r} is not in what it printed")
