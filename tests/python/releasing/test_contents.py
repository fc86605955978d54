"""A wheel or source distribution that holds too little or too much is found out."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.releasing import contents
from scripts.releasing.__main__ import ROOT, main

ENGINE = "dataqueue/_core.abi3.so"
INFO = "dataqueue-0.1.0.dist-info"
METADATA = [f"{INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")]
SBOM = f"{INFO}/sboms/dataqueue.cyclonedx.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a package of two files, and one beside them that is none of its."""
    root = tmp_path / "tree"
    for name in ("python/dataqueue/__init__.py", "python/dataqueue/py.typed", "src/lib.rs", "Cargo.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "python" / "dataqueue" / "jobs.db").write_text("")
    return root


@pytest.fixture
def names(tree: Path) -> list[str]:
    """What its wheel has to hold."""
    return ["dataqueue/__init__.py", "dataqueue/py.typed", ENGINE, *METADATA, SBOM]


def wheel(folder: Path, names: list[str], content: bytes = b"{}") -> Path:
    """A wheel of these files."""
    path = folder / "dataqueue-0.1.0-cp311-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content if name == ENGINE else b"{}")
    return path


def sdist(folder: Path, names: list[str]) -> Path:
    """A source distribution of these files."""
    path = folder / "dataqueue-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"dataqueue-0.1.0/{name}"), io.BytesIO())
    return path


def test_a_whole_wheel_is_as_it_should_be(tree: Path, names: list[str], tmp_path: Path) -> None:
    assert contents.faults(tree, wheel(tmp_path, names)) == []


@pytest.mark.parametrize(
    "engine", ["_core.pyd", "_core.cpython-314t-x86_64-linux-gnu.so", "_core.cp314t-win_amd64.pyd"]
)
def test_the_engine_is_named_for_its_platform(tree: Path, names: list[str], tmp_path: Path, engine: str) -> None:
    renamed = [f"dataqueue/{engine}" if name == ENGINE else name for name in names]
    assert contents.faults(tree, wheel(tmp_path, renamed)) == []


@pytest.mark.parametrize("missing", ["dataqueue/py.typed", ENGINE, SBOM])
def test_what_a_wheel_lacks_is_told(tree: Path, names: list[str], tmp_path: Path, missing: str) -> None:
    assert len(contents.faults(tree, wheel(tmp_path, [name for name in names if name != missing]))) == 1


@pytest.mark.parametrize("more", ["dataqueue/jobs.db", "tests/test_jobs.py", f"{INFO}/more.txt", "dataqueue/_core.pyd"])
def test_what_has_no_place_in_a_wheel_is_told(tree: Path, names: list[str], tmp_path: Path, more: str) -> None:
    assert len(contents.faults(tree, wheel(tmp_path, [*names, more]))) == 1


def test_a_large_wheel_is_told_of(tree: Path, names: list[str], tmp_path: Path) -> None:
    [fault] = contents.faults(tree, wheel(tmp_path, names, bytes(contents.LARGEST_WHEEL)))
    assert "12,000,000 are allowed" in fault


def test_a_source_distribution_holds_the_sources_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    whole = ["python/dataqueue/__init__.py", "python/dataqueue/py.typed", "src/lib.rs", "Cargo.toml", "PKG-INFO"]
    assert contents.faults(tree, sdist(tmp_path, whole)) == []
    assert contents.faults(tree, sdist(tmp_path, whole[1:])) == ["it lacks python/dataqueue/__init__.py"]
    assert len(contents.faults(tree, sdist(tmp_path, [*whole, "python/dataqueue/jobs.db"]))) == 1


def test_what_users_need_is_looked_for_in_this_tree() -> None:
    package = contents.tracked(ROOT, ["python/dataqueue"])
    for part in (
        "py.typed",
        "_core.pyi",
        "_docs/llms-full.txt",
        "dashboard/static/dashboard.css",
        "dashboard/templates/base.html",
    ):
        assert f"python/dataqueue/{part}" in package
    for folder in ("cli/init/templates", "cli/assistants/texts"):
        assert any(name.startswith(f"python/dataqueue/{folder}/") for name in package)


def test_the_command_fails_where_one_of_the_files_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contents", str(sdist(tmp_path, ["Cargo.toml"]))]) == 1
    told = capsys.readouterr()
    assert "not as it should be" in told.out
    assert "it lacks Cargo.lock" in told.err


def test_the_parts_of_the_engine_are_printed(
    tree: Path, names: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sbom", str(wheel(tmp_path, names))]) == 0
    assert capsys.readouterr().out == "{}"
    assert main(["sbom", str(wheel(tmp_path, names[:-1]))]) == 1
