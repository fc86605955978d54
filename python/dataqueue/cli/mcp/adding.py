"""How a tool is added to a server."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ...errors import DataQueueError

__all__ = ["add_tool"]


def add_tool(server: Any, name: str, tool: Callable[..., Any]) -> None:
    """Adds a tool that changes nothing, and whose errors an assistant is told in their own words."""
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations

    @wraps(tool)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return tool(*arguments, **options)
        except (DataQueueError, ValueError, TypeError) as error:
            raise ToolError(str(error)) from error

    harmless = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    server.tool(name, annotations=harmless)(run)
