"""The app as Django installs it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register

__all__ = ["DataqueueConfig"]


class DataqueueConfig(AppConfig):
    """Adds the commands and the system checks."""

    name = "dataqueue.contrib.django"
    label = "dataqueue"
    verbose_name = "dataqueue"

    def ready(self) -> None:
        """Registers what looks at stores."""
        from .checks import check_stores

        register(check_stores, Tags.database)
