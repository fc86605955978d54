"""`manage.py dataqueue_migrate`: sets up the store of a backend, whose URL only Django's settings may know."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dataqueue.errors import DataQueueError

__all__ = ["Command"]


class Command(BaseCommand):
    """Runs the migrations of a backend's store."""

    help = "Creates or updates the tables of a backend of TASKS. Redis and SQLite need nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds its option."""
        parser.add_argument("--backend", default="default", help="The alias in TASKS; default.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs what is missing."""
        try:
            from dataqueue.contrib.django.interface import task_backends
        except ImportError as error:
            raise CommandError(f"{error}, and run `dataqueue migrate up`") from None
        from dataqueue.contrib.django.backend import DataqueueBackend

        backend = task_backends[options["backend"]]
        if not isinstance(backend, DataqueueBackend):
            raise CommandError(f"TASKS[{options['backend']!r}] is a {type(backend).__name__}, which has no tables here")
        try:
            steps = backend.queue.migrate()
        except DataQueueError as error:
            raise CommandError(str(error)) from None
        if options["verbosity"]:
            for step in steps:
                self.stdout.write(f"{step.version} {step.name}")
            self.stdout.write("the store is up to date")
