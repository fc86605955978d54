"""Dashboards to ask: of each twin and on each store, and clients that behave as a browser's page does."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from dataqueue import JobQueue
from dataqueue.dashboard import create_dashboard
from tests.browser import chromium
from tests.conftest import here
from tests.python.conftest import Blocking
from tests.python.dashboard.browsing import Site, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from playwright.sync_api import Browser
    from starlette.requests import Request

ROOT = "/admin/jobs"


class Client:
    """A client of a dashboard that is mounted below a path."""

    def __init__(self, http: TestClient) -> None:
        self.http = http

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.http.get(ROOT + path, **options)

    def token(self) -> str:
        """The token of this browser."""
        found: str = self.get("/api/session").json()["csrfToken"]
        return found

    def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        """A change by the API."""
        headers = {"x-csrf-token": self.token(), **options.pop("headers", {})}
        return self.http.post(ROOT + path, json=body or {}, headers=headers, **options)

    def submit(self, path: str, fields: dict[str, Any] | None = None, *, follow: bool = True) -> httpx2.Response:
        """A change by a form."""
        sent = {"csrf_token": self.token(), **(fields or {})}
        return self.http.post(ROOT + path, data=sent, follow_redirects=follow)


class Dashboards:
    """Makes dashboards of a queue."""

    def __init__(self, queue: Any, stack: ExitStack) -> None:
        self._queue, self._stack = queue, stack

    def __call__(self, handlers: Any = None, client: tuple[str, int] = ("127.0.0.1", 1), **options: Any) -> Client:
        target: Any = self._queue._target if isinstance(self._queue, Blocking) else self._queue
        app = Starlette(routes=[Mount(ROOT, create_dashboard(target, handlers, **options))])
        return Client(self._stack.enter_context(TestClient(app, client=client)))


@pytest.fixture
def dashboards(queue: JobQueue) -> Iterator[Dashboards]:
    """Dashboards of the test's queue, of each twin and on each store."""
    with ExitStack() as stack:
        yield Dashboards(queue, stack)


@pytest.fixture
def one(sqlite_store_url: str) -> Iterator[tuple[JobQueue, Dashboards]]:
    """A queue and its dashboards, for what has nothing to do with stores."""
    with JobQueue(sqlite_store_url) as queue, ExitStack() as stack:
        yield queue, Dashboards(queue, stack)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with here(chromium()) as running:
        yield running


@pytest.fixture
def site(store_url: str, browser: Browser) -> Iterator[Site]:
    """A filled dashboard in a browser, on each store."""
    with filled(store_url, browser) as site:
        yield site


@pytest.fixture
def any_site(sqlite_store_url: str, browser: Browser) -> Iterator[Site]:
    """A filled dashboard in a browser, for what is the same on every store."""
    with filled(sqlite_store_url, browser) as site:
        yield site


def by_header(request: Request) -> str | None:
    """Takes the role that a request says it has: for tests alone."""
    return request.headers.get("x-role")
