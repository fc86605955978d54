"""`dataqueue completion` in real shells: those that this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dataqueue.cli.main import group

BASH = """
source <(dataqueue completion bash)
COMP_WORDS=(dataqueue {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_dataqueue_completion dataqueue
printf '%s\\n' "${{COMPREPLY[@]}}"
complete -p dataqueue
"""
ZSH = """
autoload -U compinit && compinit -u -d {folder}/dump
compdef() {{ true; }}
_describe() {{ print -l -- ${{(P)3}} }}
compadd() {{ print -l -- ${{@[-1]}} }}
source <(dataqueue completion zsh)
words=(dataqueue {words}) CURRENT=${{#words}}
_dataqueue_completion
"""
FISH = """
dataqueue completion fish | source
complete -C 'dataqueue {words}'
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A search path on which `dataqueue` is this one."""
    program = tmp_path / "bin" / "dataqueue"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom dataqueue.cli import main\nmain()\n")
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def run(shell: str, *arguments: str, path: str) -> str:
    done = subprocess.run(
        [shutil.which(shell) or shell, *arguments],
        env={**os.environ, "PATH": path, "HOME": path.partition(os.pathsep)[0]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("''", {"jobs", "worker", "completion", "paused"}),
        ("pau", {"pause", "paused"}),
        ("jobs ''", {"list", "show", "retry", "cancel", "add"}),
        ("jobs list --due", {"--due-after", "--due-before"}),
        ("jobs list --status ''", {"pending", "failed", "waiting"}),
        ("completion ''", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes_commands_options_and_values(words: str, expected: set[str], path: str) -> None:
    printed = run("bash", "--norc", "-c", BASH.format(words=words), path=path).splitlines()
    assert printed[-1] == "complete -o nosort -F _dataqueue_completion dataqueue"
    found = set(printed[:-1])
    assert expected <= found
    if not words.endswith("''"):
        assert found == expected


def test_bash_can_be_asked_as_a_user_asks_it(path: str) -> None:
    script = 'source <(dataqueue completion bash); compgen -A function _dataqueue; compgen -W "$(compgen -c dataqueu)"'
    printed = run("bash", "--norc", "-c", script, path=path).split()
    assert printed[0] == "_dataqueue_completion"
    assert "dataqueue" in printed


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes(tmp_path: Path, path: str) -> None:
    assert "schedules" in run("zsh", "-f", "-c", ZSH.format(words="sche", folder=tmp_path), path=path)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(path: str) -> None:
    assert "schedules" in run("fish", "--no-config", "-c", FISH.format(words="sche"), path=path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_command(shell: str) -> None:
    done = CliRunner().invoke(group, ["completion", shell])
    assert done.exit_code == 0
    assert f"_DATAQUEUE_COMPLETE={shell}_complete" in done.output


def test_another_shell_is_refused() -> None:
    done = CliRunner().invoke(group, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
