"""A part of a Markdown file between two markers, which is ours; the rest of the file is not."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["with_part"]

BEGIN = "<!-- dataqueue: begin. `dataqueue install-rules` writes what is between these markers. -->"
END = "<!-- dataqueue: end -->"


def with_part(path: Path, text: str, part: str) -> str:
    """The text with the part between the markers; at its end, where it has no markers yet.

    Raises:
        click.ClickException: The markers do not make a pair.
    """
    block = f"{BEGIN}\n{part.strip()}\n{END}"
    begins, ends = text.count(BEGIN), text.count(END)
    if begins == ends == 0:
        # Nothing of what was there is touched, its missing last newline neither.
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{block}\n"
    start, end = text.find(BEGIN), text.find(END)
    if begins != 1 or ends != 1 or start > end:
        raise click.ClickException(
            f"{path} has {begins} lines {BEGIN[:25]}… and {ends} lines {END}: there must be one of each, in this "
            "order. Mend or remove them; nothing was changed"
        )
    return text[:start] + block + text[end + len(END) :]
