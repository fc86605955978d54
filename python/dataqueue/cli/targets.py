"""What MODULE:NAME names in the user's own code."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

import click

__all__ = ["load", "split_target"]


def split_target(target: str) -> tuple[str, str]:
    """The module and the name of MODULE:HANDLERS.

    Raises:
        click.ClickException: It is not of this form.
    """
    module_name, colon, attribute = target.partition(":")
    if not colon or not module_name or not attribute:
        raise click.ClickException(f"{target!r} is not of the form MODULE:HANDLERS, such as myapp.jobs:handlers")
    return module_name, attribute


def load(target: str) -> Any:
    """The handlers that MODULE:NAME names.

    Raises:
        click.ClickException: There is no such module or name, or the module cannot be imported.
    """
    module_name, attribute = split_target(target)
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise _not_importable(module_name, error) from None
        raise click.ClickException(
            f"there is no module {module_name!r} here: run this where it can be imported"
        ) from None
    except (Exception, SystemExit) as error:
        raise _not_importable(module_name, error) from None
    if not hasattr(module, attribute):
        raise click.ClickException(f"module {module_name!r} has no {attribute!r}")
    return getattr(module, attribute)


def _not_importable(module_name: str, error: BaseException) -> click.ClickException:
    """With the way through the user's own code, which is where the fault is."""
    machinery = (
        __file__,
        importlib.__file__,
        "<frozen importlib._bootstrap>",
        "<frozen importlib._bootstrap_external>",
    )
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename not in machinery]
    shown = "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)]).rstrip()
    return click.ClickException(f"module {module_name!r} cannot be imported:\n{shown}")
