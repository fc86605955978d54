"""What type checkers say of code that uses this package: nothing of the good files, and of the bad ones what is marked.

A line that must be an error ends in `# mypy: CODE ...; pyright: RULE ...`, and no other line may be one. Both checkers
run once, side by side, in their strict modes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parent.parent / "python"
FILES = sorted(HERE.glob("good_*.py")) + sorted(HERE.glob("bad_*.py"))
CHECKERS = {
    "mypy": ["-m", "mypy", "--strict", "--python-version=3.11", "--config-file=", "--output=json", *map(str, FILES)],
    "pyright": ["-m", "basedpyright", "--outputjson", f"--project={HERE}", f"--pythonpath={sys.executable}"],
}
# Said of the same lines besides what is wrong with them.
BESIDES = {"reportUnknownMemberType", "reportUnknownVariableType", "reportUnusedExpression", "reportUnusedVariable"}
MARK = re.compile(r"# mypy: (?P<mypy>[\w\- ]+); pyright: (?P<pyright>[\w ]+)$")

Faults = dict[str, set[str]]
"""The rules that a checker names, by `file:line`."""


def read_mypy(output: str) -> list[tuple[str, int, str]]:
    found = [json.loads(line) for line in output.splitlines()]
    return [(Path(one["file"]).name, one["line"], one["code"]) for one in found if one["severity"] == "error"]


def read_pyright(output: str) -> list[tuple[str, int, str]]:
    found = json.loads(output)["generalDiagnostics"]
    return [(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one.get("rule", "syntax")) for one in found]


def ask(cache: Path) -> dict[str, Faults]:
    """What each checker says of all files."""
    environment = os.environ | {"MYPYPATH": str(PACKAGE), "MYPY_CACHE_DIR": str(cache)}
    running = {
        name: subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for name, command in CHECKERS.items()
    }
    said: dict[str, Faults] = {}
    for name, process in running.items():
        output, errors = process.communicate()
        # One is the code of a run that found faults, as each must.
        assert process.returncode == 1, f"{name}: {output}{errors}"
        said[name] = defaultdict(set)
        for file, line, rule in (read_mypy if name == "mypy" else read_pyright)(output):
            said[name][f"{file}:{line}"].add(rule)
    return said


def marked(checker: str) -> Faults:
    """What a checker must say."""
    marks: Faults = {}
    for file in FILES:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            mark = MARK.search(line)
            assert mark or "# mypy" not in line, f"{file.name}:{number} has a mark that cannot be read"
            if mark:
                marks[f"{file.name}:{number}"] = set(mark[checker].split())
    return marks


@pytest.mark.timeout(300)
def test_both_checkers_find_the_faults_that_are_marked_and_no_others(tmp_path: Path) -> None:
    for checker, said in ask(tmp_path).items():
        found = {place: rules - BESIDES if place.startswith("bad_") else rules for place, rules in said.items()}
        assert found == marked(checker), checker


def test_the_files_hold_what_must_pass_and_what_must_fail() -> None:
    marks = marked("mypy")
    assert len(marks) > 100
    assert all(place.startswith("bad_") for place in marks)
    assert len([file for file in FILES if file.name.startswith("good_")]) >= 2
    configured = json.loads((HERE / "pyrightconfig.json").read_text())["include"]
    assert sorted(configured) == sorted(file.name for file in FILES)
