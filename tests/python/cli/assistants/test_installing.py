"""`dataqueue install-skills`, `install-rules` and `install-mcp`: what they write, and what they leave alone."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataqueue.cli.assistants.bundled import rules, skills
from dataqueue.cli.assistants.changes import Change
from dataqueue.cli.assistants.clients import CLIENTS
from dataqueue.cli.assistants.marked import BEGIN, END
from dataqueue.cli.main import group

COMMANDS = ["install-skills", "install-rules", "install-mcp"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working directory of their own."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    monkeypatch.chdir(project)
    return home


def run(*arguments: str, exit_code: int = 0, stdin: str | None = None) -> Result:
    done = CliRunner().invoke(group, arguments, input=stdin)
    assert done.exit_code == exit_code, done.output + repr(done.exception)
    return done


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def told(*arguments: str) -> dict[str, str]:
    found: Any = json.loads(run(*arguments, "--json").stdout)
    return {one["path"]: one["action"] for one in found["files"]}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("client", CLIENTS)
def test_each_is_written_once_and_left_as_it_is(command: str, client: str, tmp_path: Path) -> None:
    assert set(told(command, "--client", client, "--dry-run").values()) == {"create"}
    assert files(tmp_path) == {}
    assert set(told(command, "--client", client).values()) == {"create"}
    written = files(tmp_path)
    assert len(written) in (1, 3)
    assert set(told(command, "--client", client).values()) == {"unchanged"}
    assert files(tmp_path) == written


def test_rules_go_where_each_client_reads_them() -> None:
    for client in CLIENTS:
        run("install-rules", "--client", client)
    places = {
        ".cursor/rules/dataqueue-core.mdc",
        ".cursor/rules/dataqueue-advanced.mdc",
        ".cursor/rules/dataqueue-react.mdc",
        "CLAUDE.md",
        "AGENTS.md",
        ".github/copilot-instructions.md",
        "CONVENTIONS.md",
    }
    found = files(Path.cwd())
    assert set(found) == places
    for place, content in found.items():
        text = content.decode()
        shown = [part.strip() in text for part in rules().values()]
        assert sum(shown) == (1 if place.endswith(".mdc") else 3)
        assert text.startswith("---\ndescription: ") == place.endswith(".mdc")


def test_what_others_wrote_around_the_rules_stays() -> None:
    path = Path("CLAUDE.md")
    path.write_bytes("# Mine\r\n\r\nKeep thïs.".encode())
    run("install-rules", "--client", "claude")
    first = path.read_bytes().decode()
    assert first.startswith(f"# Mine\r\n\r\nKeep thïs.\r\n\r\n{BEGIN}\r\n")
    assert "\n" not in first.replace("\r\n", "")
    before, rest = first.split(BEGIN)
    _, after = rest.split(END)
    path.write_bytes(f"{before}{BEGIN}\r\nold rules\r\n{END}{after}And this.".encode())
    assert told("install-rules", "--client", "claude") == {"CLAUDE.md": "update"}
    assert path.read_bytes().decode() == f"{first}And this."


@pytest.mark.parametrize(
    "text", [f"{BEGIN}\nx", f"x\n{END}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"]
)
def test_markers_that_are_no_pair_are_refused(text: str) -> None:
    Path("AGENTS.md").write_text(text)
    done = run("install-rules", "--client", "claude", "--client", "agents", exit_code=1)
    assert "AGENTS.md" in done.stderr
    assert "nothing was changed" in done.stderr
    assert list(files(Path.cwd())) == ["AGENTS.md"]
    assert Path("AGENTS.md").read_text() == text


def test_skills_go_to_the_assistants_that_the_project_uses() -> None:
    Path(".cursor").mkdir()
    Path(".claude/skills/mine").mkdir(parents=True)
    Path(".claude/skills/mine/SKILL.md").write_text("mine")
    run("install-skills")
    found = files(Path.cwd())
    assert len(found) == 7
    for folder in (".cursor", ".claude"):
        for name, text in skills().items():
            assert found[f"{folder}/skills/{name}/SKILL.md"].decode() == text
            # A folder and its skill have one name, and a description says when it is of use.
            assert text.startswith(f"---\nname: {name}\ndescription: ")
            assert "Use it w" in text.split("---")[1]
    assert found[".claude/skills/mine/SKILL.md"] == b"mine"


def test_mcp_is_added_to_what_the_client_has() -> None:
    path = Path(".mcp.json")
    path.write_text('{\n    "mcpServers": {\n        "other": {"command": "x", "n": 1.50}\n    },\n    "z": []\n}\n')
    path.chmod(0o640)
    Path(".env").touch()
    run("install-mcp", "--client", "claude", "--command", "uv run dataqueue", "--env-path", ".env", "--redact", "email")
    text = path.read_text()
    assert json.loads(text) == {
        "mcpServers": {
            "other": {"command": "x", "n": 1.5},
            "dataqueue": {
                "command": "uv",
                "args": ["run", "dataqueue", "mcp", "--env-path", ".env", "--redact", "email"],
            },
        },
        "z": [],
    }
    assert '{"command": "x", "n": 1.50},\n        "dataqueue": {\n' in text
    assert path.stat().st_mode & 0o777 == 0o640
    run("install-mcp", "--client", "claude")
    assert json.loads(path.read_text())["mcpServers"]["dataqueue"] == {"command": "dataqueue", "args": ["mcp"]}


def test_mcp_goes_where_each_client_reads_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for client in CLIENTS:
        run("install-mcp", "--client", client)
    plain = {"command": "dataqueue", "args": ["mcp"]}
    assert json.loads(Path(".cursor/mcp.json").read_text()) == {"mcpServers": {"dataqueue": plain}}
    assert json.loads(Path(".vscode/mcp.json").read_text()) == {"servers": {"dataqueue": {"type": "stdio", **plain}}}
    windsurf = home / ".codeium" / "windsurf" / "mcp_config.json"
    assert json.loads(windsurf.read_text()) == {"mcpServers": {"dataqueue": plain}}
    assert tomllib.loads((home / ".codex/config.toml").read_text()) == {"mcp_servers": {"dataqueue": plain}}
    Path(".env").touch()
    run("install-mcp", "--client", "agents", "--client", "claude", "--env-path", ".env")
    args = tomllib.loads((home / ".codex/config.toml").read_text())["mcp_servers"]["dataqueue"]["args"]
    assert args == ["mcp", "--env-path", str(Path(".env").resolve())]
    assert json.loads(Path(".mcp.json").read_text())["mcpServers"]["dataqueue"]["args"][-1] == ".env"
    monkeypatch.setenv("CODEX_HOME", str(home / "elsewhere"))
    run("install-mcp", "--client", "agents")
    assert (home / "elsewhere" / "config.toml").exists()


@pytest.mark.parametrize("content", [b'{"a": 1, // no\n}', b"\xff\xfe", b'{"mcpServers": 3}'])
def test_a_file_that_cannot_be_edited_is_left_alone(content: bytes) -> None:
    Path(".mcp.json").write_bytes(content)
    done = run("install-mcp", "--client", "cursor", "--client", "claude", exit_code=1)
    assert ".mcp.json" in done.stderr
    assert "othing was changed" in done.stderr
    assert files(Path.cwd()) == {".mcp.json": content}


def test_a_link_is_kept_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_text("# Mine\n")
    Path("AGENTS.md").symlink_to(real)
    run("install-rules", "--client", "agents")
    assert Path("AGENTS.md").is_symlink()
    assert real.read_text().startswith("# Mine\n\n<!-- dataqueue: begin")
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["real.md"]


def test_a_file_that_changed_meanwhile_is_left_alone() -> None:
    path = Path("AGENTS.md")
    path.write_text("now")
    with pytest.raises(Exception, match="meanwhile"):
        Change(path, b"before", b"after").write()
    assert files(Path.cwd()) == {"AGENTS.md": b"now"}


def test_a_file_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    make = tempfile.mkstemp

    def refuse(*, prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002 - the name that it has
        if prefix.startswith(".AGENTS"):
            raise PermissionError(13, "Permission denied")
        return make(prefix=prefix, dir=dir)

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    done = run("install-rules", "--client", "claude", "--client", "agents", exit_code=1)
    assert "cannot write AGENTS.md: Permission denied; written before it: CLAUDE.md" in done.stderr
    assert list(files(Path.cwd())) == ["CLAUDE.md"]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_terminal_the_client_must_be_named(command: str) -> None:
    done = run(command, exit_code=2)
    assert "--client: cursor, claude, agents, copilot, windsurf" in done.stderr
    assert "'vim'" in run(command, "--client", "vim", exit_code=2).stderr
    assert files(Path.cwd()) == {}


def test_on_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    import pty
    import subprocess
    import sys

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as terminal:
        program = [sys.executable, "-c", "from dataqueue.cli import main; main()", "install-rules", "--json"]
        with subprocess.Popen(program, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
            os.close(theirs)
            terminal.write(b"nobody\nclaude\n")
            out, log = asking.communicate(timeout=60)
    assert asking.returncode == 0, log
    assert json.loads(out)["files"] == [{"path": "CLAUDE.md", "action": "create"}]
    assert b"Which assistant?" in log


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--redact", "x"], "--env-path"),
        (["--command", "'"], "no command line"),
        (["--command", " "], "no command line"),
        (["--dir", "nowhere"], "nowhere"),
        (["--env-path", ".env"], "there is no file .env"),
    ],
)
def test_bad_options_are_named(arguments: list[str], why: str) -> None:
    assert why in run("install-mcp", "--client", "claude", *arguments, exit_code=2).stderr
    assert files(Path.cwd()) == {}
