"""`dataqueue mcp`: tells coding assistants of the documentation, and of a queue."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

import click

from ...config import URL_VARIABLES
from ..examples import example
from ..options import bounded, check_file, key_prefix_option, open_config, read_env, store_options

__all__ = ["mcp"]

_STATEMENT_TIMEOUT = 10.0
_ABOUT = (
    "dataqueue is a job queue for Python on PostgreSQL, Redis and SQLite. Look its API up with search-docs and "
    "get-doc-page before you write code that uses it."
)


@example("dataqueue mcp", "dataqueue mcp --url postgresql://reader@db/app --redact email --redact token")
@click.command()
@store_options
@key_prefix_option
@click.option("--redact", multiple=True, metavar="NAME", help="Hide the values of this field; may be repeated.")
@click.option("--hide-payloads", is_flag=True, help="Hide all payloads, outputs and results of steps.")
def mcp(
    url: str | None,
    schema: str | None,
    env_path: str | None,
    key_prefix: str | None,
    redact: tuple[str, ...],
    hide_payloads: bool,
) -> None:
    """Serve the documentation to a coding assistant, over standard input and output (MCP).

    Tools: search-docs, get-doc-page, list-doc-pages. Where --url or $DATAQUEUE_URL names a store, also queue-status,
    list-jobs and get-job, which change nothing. `dataqueue install-mcp` tells an assistant of this command.
    """
    try:
        from mcp.server import MCPServer
    except ImportError as error:
        raise click.ClickException(f"{error.name or 'mcp'} is not installed: pip install 'dataqueue[mcp]'") from None
    from .docs_tools import add_docs_tools

    server: Any = MCPServer("dataqueue", instructions=_ABOUT, version=version("dataqueue"), log_level="WARNING")
    add_docs_tools(server)
    with ExitStack() as stack:
        if _names_a_store(url, schema, env_path, key_prefix):
            from ...blocking import JobQueue
            from .queue_tools import QueueTools

            config = bounded(open_config(url, schema, env_path, None, key_prefix), _STATEMENT_TIMEOUT)
            queue = stack.enter_context(JobQueue(config))
            check_file(queue)
            QueueTools(queue, redact, hide_payloads=hide_payloads).add_to(server)
        elif redact or hide_payloads:
            raise click.UsageError("--redact and --hide-payloads are for a queue: give --url with them")
        server.run()


def _names_a_store(url: str | None, schema: str | None, env_path: str | None, key_prefix: str | None) -> bool:
    """Whether a store was named: without one, only the documentation is served, and no file is looked for."""
    environ = {**read_env(env_path), **os.environ} if env_path else os.environ
    return bool(url or schema or key_prefix or any(environ.get(name) for name in URL_VARIABLES))
