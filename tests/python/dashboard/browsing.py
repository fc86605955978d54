"""A filled dashboard in a browser, whose pages report what goes wrong in them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from dataqueue import DependsOn, JobGroup, JobHandlers, JobQueue
from dataqueue.dashboard import create_dashboard
from tests.python.dashboard.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is slow, not wrong.
expect.set_options(timeout=30_000)

ROOT = "/admin/jobs"
EVIL = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"


class Site:
    """A dashboard in a browser."""

    def __init__(self, queue: JobQueue, url: str, browser: Browser) -> None:
        self.queue, self.url, self._browser = queue, url, browser
        self.problems: list[str] = []

    def page(self, role: str = "admin", **options: Any) -> Page:
        """A page of a browser of its own; what goes wrong in it is kept."""
        context = self._browser.new_context(extra_http_headers={"x-role": role}, **options)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda told: self.problems.append(told.text) if told.type == "error" else None)
        page.on("request", lambda asked: self._see(asked.url))
        return page

    def _see(self, url: str) -> None:
        if not url.startswith(self.url):
            self.problems.append(f"asked another host: {url}")

    def open(self, path: str, role: str = "admin", **options: Any) -> Page:
        page = self.page(role, **options)
        page.goto(self.url + path)
        return page


@contextmanager
def filled(url: str, browser: Browser) -> Iterator[Site]:
    """A dashboard of jobs in every state, on a store of its own."""
    handlers = JobHandlers()

    @handlers.job("work")
    def work(payload: object) -> dict[str, object]:
        return {"seen": payload}

    @handlers.job("broken")
    def broken(payload: object) -> None:
        raise RuntimeError(EVIL)

    @handlers.job("approve")
    def approve(payload: object, *, ctx: Any) -> Any:
        ctx.run("first step", lambda: [1, 2])
        return ctx.wait_for_token(ctx.run("token", lambda: ctx.create_token(timeout="1h").id)).output

    with JobQueue(url) as queue:
        queue.add_job("work", {"n": 1}, tags=["a", "b"], group=JobGroup("acme"))
        queue.add_job("broken", None, max_attempts=1)
        queue.add_job("approve", None)
        assert queue.create_processor(handlers).start() == 3
        queue.add_job(EVIL, {EVIL: EVIL}, tags=[EVIL], depends_on=DependsOn(job_ids=[3]))
        queue.add_job("work", {"n": 5, "rows": ["x" * 100] * 200})
        queue.add_cron_job(schedule_name="nightly", cron_expression="0 3 * * *", job_type="work", payload=None)
        dashboard = create_dashboard(queue, handlers, auth=lambda request: request.headers.get("x-role"))
        with served(Starlette(routes=[Mount(ROOT, dashboard)])) as place:
            site = Site(queue, place + ROOT, browser)
            yield site
            for context in browser.contexts:
                context.close()
            assert site.problems == []


def job_status(site: Site, job_id: int) -> str:
    job = site.queue.get_job(job_id)
    assert job is not None
    return job.status.value
