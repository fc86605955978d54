"""What the processes of `flask dataqueue worker` run: imported by them, and by the processes of their handlers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask.cli import ScriptInfo

from .._around import within
from .._fleet import told
from .extension import extension_of

__all__ = ["app", "handlers", "in_context"]

app = ScriptInfo(app_import_path=told()["app"]).load_app()


def in_context(ctx: Any) -> Iterator[None]:
    """Pushes a context of the application for one job."""
    with app.app_context():
        yield


handlers = within(extension_of(app).handlers, in_context)
