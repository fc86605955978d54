"""Draws a flame graph from the stacks that Linux's `perf` recorded.

    perf record -e cpu-clock -F 999 --call-graph dwarf,24576 -p PID -o FILE
    perf script -i FILE --no-inline | python -m benches.python.flames "TITLE" > graph.svg

A box is as wide as the share of samples in which its function was on the stack. Its colour says whose code it is.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

WIDTH = 1100
ROW = 16
MARGIN = 34
# Boxes narrower than this are left out, in pixels.
NARROWEST = 2.0
# About the width of a letter.
LETTER = 6.2

_COLOURS = {"ours": "#f4a259", "python": "#7fb2e5", "kernel": "#c3c7cc", "other": "#9ccf9a"}
_HEAD = re.compile(r"^(?P<thread>\S.*?)\s+\d+\s+[0-9.]+:")
_FRAME = re.compile(r"^\s+[0-9a-f]+ (?P<name>.*) \((?P<file>[^()]*)\)$")
_GENERIC = re.compile(r"<[^<>]*>")


@dataclass
class Box:
    """A function at one place of the stack."""

    count: int = 0
    kind: str = "other"
    inner: dict[str, Box] = field(default_factory=dict)


def stacks(lines: Iterable[str]) -> Iterator[list[tuple[str, str]]]:
    """Each sample's thread and functions, outermost first, with the file that each is from."""
    frames: list[tuple[str, str]] = []
    thread = ""
    for line in lines:
        if match := _HEAD.match(line):
            thread = match["thread"]
        elif match := _FRAME.match(line.rstrip("\n")):
            frames.append((match["name"], match["file"].rsplit("/", 1)[-1]))
        elif not line.strip() and frames:
            yield [(thread, "thread"), *frames[::-1]]
            frames = []
    if frames:
        yield [(thread, "thread"), *frames[::-1]]


def tree(samples: Iterable[list[tuple[str, str]]]) -> Box:
    """All samples in one; frames of the same file that have no names are one."""
    root = Box()
    for sample in samples:
        root.count += 1
        box, before = root, ""
        for symbol, file in sample:
            name = _name(symbol, file)
            if name == before and name.startswith("["):
                continue
            before = name
            box = box.inner.setdefault(name, Box(kind=_kind(symbol, file)))
            box.count += 1
    return root


def _name(symbol: str, file: str) -> str:
    plain = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    if plain == "[unknown]" or plain.startswith("0x"):
        return f"[{file.strip('[]')}]"
    while "::" in plain and (shorter := _GENERIC.sub("", plain)) != plain:
        plain = shorter
    return plain.removesuffix("::{{closure}}").strip(":") or plain


def _kind(symbol: str, file: str) -> str:
    if file == "thread":
        return "kernel"
    if "dataqueue" in symbol:
        return "ours"
    if file.startswith(("python", "libpython")) or "cpython" in file:
        return "python"
    return "kernel" if "kernel" in file else "other"


def draw(root: Box, title: str) -> str:
    """The graph as SVG, without any script."""
    depth = _depth(root) + 1
    height = MARGIN + depth * ROW + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"',
        f'font-size="11"><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="6" y="20" font-size="14">{escape(title)}, {root.count:,} samples</text>',
    ]
    parts += _boxes(root, root.count, 0.0, height - 10 - ROW)
    return "\n".join([*parts, "</svg>", ""])


def _depth(box: Box) -> int:
    return 1 + max(map(_depth, box.inner.values()), default=0)


def _boxes(box: Box, total: int, left: float, top: float) -> Iterator[str]:
    for name, inner in sorted(box.inner.items()):
        width = inner.count / total * WIDTH
        if width >= NARROWEST:
            letters = int((width - 4) / LETTER)
            shown = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > 3 else ""
            place = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 1}"'
            yield f"<g><title>{escape(name)}: {inner.count / total:.1%}</title>"
            yield f'<rect {place} fill="{_COLOURS[inner.kind]}"/>'
            if shown:
                yield f'<text x="{left + 2:.1f}" y="{top + 11}">{escape(shown)}</text>'
            yield "</g>"
            yield from _boxes(inner, total, left, top - ROW)
        left += width


def main() -> None:
    """Reads `perf script` and writes SVG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("title")
    given = parser.parse_args()
    sys.stdout.write(draw(tree(stacks(sys.stdin)), given.title))


if __name__ == "__main__":
    main()
