"""What a job waits for and what waits for it, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["MOST", "Node", "dependencies"]

_WIDE, _HIGH, _GAP, _BETWEEN = 190, 40, 12, 70
MOST = 12
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class Node:
    """A job of the drawing.

    Attributes:
        job_id: The job.
        job_type: Its type; None where the job is gone.
        status: Its state; "gone" where it is gone.
        target: Where it leads.
    """

    job_id: int
    job_type: str | None
    status: str
    target: str


def dependencies(
    before: Sequence[Node], job: Node, after: Sequence[Node], more_before: int = 0, more_after: int = 0
) -> Markup:
    """Three columns: what the job waits for, the job, and what waits for it; nothing where it stands alone.

    Args:
        before: What it waits for, as many as are drawn.
        job: The job.
        after: What waits for it.
        more_before: How many more it waits for.
        more_after: How many more wait for it.
    """
    if not before and not after:
        return Markup("")
    deepest = max(len(before) + bool(more_before), len(after) + bool(more_after), 1)
    height = deepest * (_HIGH + _GAP) + _GAP
    left = 2
    middle = left + (_WIDE + _BETWEEN if before else 0)
    right = middle + _WIDE + _BETWEEN
    width = (right if after else middle) + _WIDE + 2
    own = (height - _HIGH) / 2
    parts = [
        *_column(before, left, height, own, middle, points_right=False),
        *_column(after, right, height, own, middle + _WIDE, points_right=True),
        _node(job, middle, own, is_own=True),
    ]
    for more, x in ((more_before, left), (more_after, right)):
        if more:
            words = Markup('<text class="more" x="{}" y="{}">and {} more</text>')
            parts.append(words.format(x + 6, height - _GAP, more))
    before_all, after_all = len(before) + more_before, len(after) + more_after
    label = f"Job {job.job_id} waits for {before_all} jobs, and {after_all} wait for it"
    return Markup(
        '<svg class="dag" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" role="group" '
        'aria-label="{2}">{3}</svg>'
    ).format(width, height, label, Markup("").join(parts))


def _column(
    nodes: Sequence[Node], x: int, height: float, own: float, joint: int, *, points_right: bool
) -> list[Markup]:
    drawn = []
    top = (height - len(nodes) * (_HIGH + _GAP) + _GAP) / 2
    for place, node in enumerate(nodes):
        y = top + place * (_HIGH + _GAP)
        start, end = (x + _WIDE, joint) if not points_right else (joint, x)
        from_y, to_y = (y, own) if not points_right else (own, y)
        bend = (start + end) / 2
        drawn.append(
            Markup('<path class="edge" d="M{} {:.0f}C{:.0f} {:.0f} {:.0f} {:.0f} {} {:.0f}"/>').format(
                start, from_y + _HIGH / 2, bend, from_y + _HIGH / 2, bend, to_y + _HIGH / 2, end, to_y + _HIGH / 2
            )
        )
        drawn.append(_node(node, x, y))
    return drawn


def _node(node: Node, x: int, y: float, *, is_own: bool = False) -> Markup:
    name = node.job_type if node.job_type is not None else "no longer kept"
    cut = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    inner = Markup(
        "<title>#{id} {name}: {status}</title>"
        '<rect class="node{own}" x="{x}" y="{y:.0f}" width="{w}" height="{h}" rx="8"/>'
        '<circle class="dot is-{status}" cx="{cx}" cy="{cy:.0f}" r="5"/>'
        '<text x="{tx}" y="{ty:.0f}">{cut}</text><text class="sub" x="{tx}" y="{sy:.0f}">#{id} {status}</text>'
    ).format(
        id=node.job_id,
        name=name,
        status=node.status,
        own=" own" if is_own else "",
        x=x,
        y=y,
        w=_WIDE,
        h=_HIGH,
        cx=x + 15,
        cy=y + _HIGH / 2,
        tx=x + 28,
        ty=y + 17,
        sy=y + 32,
        cut=cut,
    )
    if is_own or node.job_type is None:
        return Markup("<g>{}</g>").format(inner)
    return Markup('<a href="{}">{}</a>').format(node.target, inner)
