"""`manage.py dataqueue_worker`: the worker command with Django set up."""

from __future__ import annotations

import os
from typing import Any

import click
from django.conf import ENVIRONMENT_VARIABLE
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dataqueue.contrib._fleet import own_options, run_fleet

__all__ = ["Command"]


class Command(BaseCommand):
    """Runs the tasks of a backend, or with `--handlers` those handlers, in worker processes."""

    help = (
        "Runs tasks. SIGTERM or Ctrl-C drains: running tasks end, the others go back. A second one stops at once. "
        "Exits as `dataqueue worker` does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds its own options, and those of `dataqueue worker`."""
        parser.add_argument("--backend", default="default", help="The alias in TASKS; default.")
        parser.add_argument(
            "--queue", action="append", default=[], help="Only tasks of this queue; may be repeated. All of QUEUES."
        )
        parser.add_argument("--handlers", metavar="MODULE:HANDLERS", help="Run these JobHandlers instead of tasks.")
        parser.add_argument("--url", help="The store; by default that of the backend, or $DATAQUEUE_URL.")
        for option in own_options():
            self._add(parser, option)

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until it is stopped."""
        if ENVIRONMENT_VARIABLE not in os.environ:
            raise CommandError(
                f"worker processes set Django up by ${ENVIRONMENT_VARIABLE}, which is not set: name the settings module"
            )
        command = click.Command("dataqueue_worker", params=list(own_options()))
        try:
            url = options["url"] or self._url(options)
            given = command.make_context("manage.py dataqueue_worker", self._written(options)).params
            order = {"backend": options["backend"], "queues": options["queue"], "handlers": options["handlers"]}
            run_fleet("dataqueue.contrib.django.work", url, order, given)
        except click.ClickException as error:
            raise CommandError(error.format_message(), returncode=error.exit_code) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from None

    def _url(self, options: dict[str, Any]) -> str | None:
        if options["handlers"] is not None:
            return None
        try:
            from dataqueue.contrib.django.interface import task_backends
        except ImportError as error:
            raise CommandError(f"{error}; to run those, give --handlers MODULE:HANDLERS") from None
        from dataqueue.contrib.django.backend import DataqueueBackend

        alias = options["backend"]
        backend = task_backends[alias]
        if not isinstance(backend, DataqueueBackend):
            raise CommandError(
                f"TASKS[{alias!r}] is a {type(backend).__name__}, whose tasks are not in a queue of dataqueue: set its "
                "BACKEND to 'dataqueue.contrib.django.DataqueueBackend', or give --backend",
                returncode=2,
            )
        if unknown := sorted(set(options["queue"]) - (backend.queues or set(options["queue"]))):
            raise CommandError(
                f"--queue is {unknown[0]!r}: QUEUES of TASKS[{alias!r}] has {', '.join(sorted(backend.queues))}",
                returncode=2,
            )
        return backend.settings.location()

    @staticmethod
    def _add(parser: CommandParser, option: click.Option) -> None:
        for names, value in ((option.opts, True), (option.secondary_opts, False)):
            if names and option.is_flag:
                parser.add_argument(*names, dest=option.name, action="store_const", const=value, help=option.help)
            elif names:
                action = "append" if option.multiple else "store"
                parser.add_argument(*names, dest=option.name, action=action, help=option.help)

    @staticmethod
    def _written(options: dict[str, Any]) -> list[str]:
        """The options that were given, as click reads them: it knows what they may be."""
        words: list[str] = []
        for option in own_options():
            value = options.get(option.name or "")
            if value is None:
                continue
            if option.is_flag:
                words.append((option.opts if value else option.secondary_opts)[0])
            else:
                for one in value if option.multiple else [value]:
                    words += [option.opts[0], str(one)]
        return words
