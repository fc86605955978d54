"""Stages the pages, has the site built strictly, and looks through it: `make docs`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from scripts.docs.checking import anchors, faults
from scripts.docs.staging import DOCS, ROOT, Staging, configuration

TARGET = ROOT / "target" / "docs"
SITE = TARGET / "site"
# What is public beside the package itself, each with an `__all__`.
PACKAGES = ("", "testing", "dashboard", "contrib.prometheus", "contrib.opentelemetry")


def public_names() -> set[str]:
    """What the reference has to describe: every name of every `__all__`."""
    names = set()
    for package in PACKAGES:
        path = ROOT.joinpath("python", "dataqueue", *package.split(".")) if package else ROOT / "python" / "dataqueue"
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names |= {".".join(filter(None, ("dataqueue", package, name))) for name in ast.literal_eval(node.value)}
    return names


def main() -> int:
    """Builds the site. 1 where anything is wrong with it."""
    staging = Staging(TARGET / "source")
    staging.fill()
    text, missing, unnamed = configuration((DOCS / "zensical.toml").read_text(), staging.folder)
    for page in missing:
        print(f"There is no {page}: its line in docs/zensical.toml is passed over.")
    file = TARGET / "zensical.toml"
    file.write_text(text)
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run([zensical, "build", "--clean", "--strict", "-f", file], cwd=TARGET, check=False)
    if built.returncode:
        return 1
    wrong = [f"{page} is not in the navigation of docs/zensical.toml" for page in unnamed]
    wrong += faults(SITE)
    wrong += [f"the reference does not describe {name}" for name in sorted(public_names() - anchors(SITE))]
    for fault in wrong:
        print(fault)
    pages = len(list(SITE.rglob("*.html")))
    print(f"{pages} pages in {SITE.relative_to(ROOT)}, {len(wrong)} faults.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
