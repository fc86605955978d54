"""The extension."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

try:
    from flask import Flask, current_app
except ImportError as error:
    raise ImportError("this needs the package flask: pip install 'dataqueue[flask]'") from error

from ...blocking import JobQueue
from ...errors import ConfigError
from ...handlers import JobHandlers
from .._around import within

if TYPE_CHECKING:
    from ...processor import Processor

__all__ = ["Dataqueue", "extension_of"]

_NAME = "dataqueue"


class Dataqueue:
    """A queue for each application, and handlers that run in the application's context.

    The store is `DATAQUEUE_URL` of the application's configuration, else what `JobQueue()` takes.

    Example:
        ```python
        dataqueue = Dataqueue()

        @dataqueue.handlers.job("send_email")
        def send_email(payload: SendEmail) -> None:
            current_app.logger.info("to %s", payload.to)

        def create_app() -> Flask:
            app = Flask(__name__)
            app.config["DATAQUEUE_URL"] = "postgresql://app@db/app"
            dataqueue.init_app(app)
            return app
        ```
    """

    def __init__(self, app: Flask | None = None, *, handlers: JobHandlers | None = None) -> None:
        """An extension, for this application or for those that are given to `init_app`.

        Args:
            app: The application.
            handlers: What workers run; an empty set to be filled, where it is left out.
        """
        self.handlers = JobHandlers() if handlers is None else JobHandlers.coerce(handlers)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Gives an application its queue, which connects when it is first used, and the commands.

        Raises:
            ConfigError: `DATAQUEUE_URL` cannot be used.
            ValueError: The application has a queue already.
        """
        from .command import commands

        if _NAME in app.extensions:
            raise ValueError(f"{app.name!r} has a queue already: call init_app once for each application")
        url = app.config.setdefault("DATAQUEUE_URL", None)
        if url is not None and not isinstance(url, str):
            # Worker processes are told of it, as text.
            raise ConfigError(f"DATAQUEUE_URL must be a URL, not {type(url).__name__}")
        app.extensions[_NAME] = self
        app.extensions[f"{_NAME}.queue"] = JobQueue(url)
        app.cli.add_command(commands())

    @property
    def queue(self) -> JobQueue:
        """The queue of the current application.

        Raises:
            RuntimeError: No application's context is active, or the application was not given to `init_app`.
        """
        return self.queue_of(current_app)

    def queue_of(self, app: Flask) -> JobQueue:
        """The queue of an application.

        Raises:
            RuntimeError: It was not given to `init_app`.
        """
        found: JobQueue = _found(app, f"{_NAME}.queue")
        return found

    def create_processor(self, app: Flask, **options: Any) -> Processor:
        """A processor whose handlers run in the context of an application: for tests, and for workers of one's own.

        Each job has a context of its own, which is torn down after it. Handlers with `run_in="process"` are left out:
        the processes of `flask dataqueue worker` load the application for those.

        Args:
            app: The application.
            options: What `JobQueue.create_processor` takes.
        """

        def in_context(ctx: Any) -> Iterator[None]:
            with app.app_context():
                yield

        return self.queue_of(app).create_processor(within(self.handlers, in_context, in_processes=False), **options)


def extension_of(app: Flask) -> Dataqueue:
    """The extension of an application.

    Raises:
        RuntimeError: It was not given to `init_app`.
    """
    found: Dataqueue = _found(app, _NAME)
    return found


def _found(app: Flask, name: str) -> Any:
    if name not in app.extensions:
        raise RuntimeError(f"the application {app.name!r} has no queue: call Dataqueue().init_app(app) when it is made")
    return app.extensions[name]
