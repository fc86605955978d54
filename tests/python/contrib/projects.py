"""What the programs of the Django project need to find."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import dataqueue
from tests.python.contrib.environments import ROOT

__all__ = ["environment"]


def environment(python: str, postgres_url: str, schema: str, **more: str) -> dict[str, str]:
    """The environment of a program of the project, which `python` runs."""
    has_backport = python == sys.executable and importlib.util.find_spec("django_tasks") is not None
    package = Path(dataqueue.__file__).parents[1]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "tests.python.contrib.shop.settings",
        "SHOP_POSTGRES": postgres_url,
        "SHOP_SCHEMA": schema,
        "SHOP_APPS": "django_tasks" if has_backport else "",
        **more,
    }
