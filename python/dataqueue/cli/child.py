"""One worker process, started by `dataqueue worker`: `python -m dataqueue.cli.child MODULE:HANDLERS OPTIONS`."""

from __future__ import annotations

import json
import sys

import click

from ..errors import DataQueueError
from .worker import work

if __name__ == "__main__":
    target, options = sys.argv[1:]
    try:
        sys.exit(work(target, **json.loads(options)))
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except (DataQueueError, ValueError, TypeError) as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(1)
