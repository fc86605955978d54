"""`dataqueue completion`: what a shell reads to complete command lines."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .examples import example

__all__ = ["VARIABLE", "completion"]

VARIABLE = "_DATAQUEUE_COMPLETE"
"""Where a shell that completes says so to the command."""

_COMMAND = "dataqueue"


@example(
    'eval "$(dataqueue completion bash)"',
    "dataqueue completion zsh > ~/.zfunc/_dataqueue",
    "dataqueue completion fish > ~/.config/fish/completions/dataqueue.fish",
)
@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script for SHELL, which then completes commands, options and their values.

    The script asks the command itself each time, so that it never falls behind. bash must be 4.4 or later.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"this version of click knows nothing of {shell}: pip install --upgrade click")
    asked = found(context.find_root().command, {}, _COMMAND, VARIABLE)
    # Without its look at the bash on this machine: the script may be for another one.
    click.echo(asked.source_template % asked.source_vars())
