"""The commands that releases are made with: `python -m scripts.releasing --help`."""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

from . import contents, versions
from .changelog import ChangelogError, notes
from .trial import TrialError, tried

ROOT = Path(__file__).parent.parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Runs a command. 1 where something is not as a release needs it."""
    options = _parser().parse_args(arguments)
    if options.command == "check":
        return _told(versions.faults(ROOT, options.tag))
    if options.command == "contents":
        return max(_looked_into(file) for file in options.files)
    try:
        if options.command == "notes":
            changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
            sys.stdout.write(notes(changelog, options.version or versions.version(ROOT)))
        elif options.command == "sbom":
            sys.stdout.write(_parts(options.wheel))
        else:
            tried(options.wheel)
            print(f"{options.wheel.name} installs and works.")
    except (ChangelogError, TrialError) as error:
        return _told([str(error)])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.releasing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="whether the versions agree")
    check.add_argument("--tag", help="the tag that the tree is to be released under")
    told = commands.add_parser("notes", help="print what the changelog says of a version")
    told.add_argument("version", nargs="?", help="that of Cargo.toml if left out")
    held = commands.add_parser("contents", help="what wheels and source distributions hold, and how large wheels are")
    held.add_argument("files", nargs="+", type=Path)
    parts = commands.add_parser("sbom", help="print what a wheel's engine is made of, as CycloneDX has it")
    parts.add_argument("wheel", type=Path)
    trial = commands.add_parser("trial", help="install a wheel into an empty environment without Rust, and use it")
    trial.add_argument("wheel", type=Path)
    return parser


def _told(faults: list[str]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _looked_into(file: Path) -> int:
    faults = contents.faults(ROOT, file)
    print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, {'not ' if faults else ''}as it should be")
    return _told([f"{file.name}: {fault}" for fault in faults])


def _parts(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        name = next((one for one in archive.namelist() if one.endswith(".cyclonedx.json")), None)
        if name is None:
            raise TrialError(f"{wheel.name} has no sboms/*.cyclonedx.json")
        return archive.read(name).decode()


if __name__ == "__main__":
    sys.exit(main())
