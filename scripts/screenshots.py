"""Draws each page of the dashboard, light and dark, wide and narrow, into screenshots/.

`python scripts/screenshots.py` needs Chromium. `--docs` draws the images of docs/dashboard.md instead.
"""

from __future__ import annotations

import json
import math
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from dataqueue import DependsOn, JobGroup, JobHandlers, JobQueue  # noqa: E402
from dataqueue.dashboard import Visitor, create_dashboard  # noqa: E402
from tests.browser import chromium  # noqa: E402
from tests.python.dashboard.serving import served  # noqa: E402

PAGES = {
    "overview": "/",
    "search": "/jobs?error=declined",
    "confirm": "/jobs/confirm?do=retry&type=charge_card",
    "tokens": "/tokens",
    "workers": "/workers",
    "dead-letters": "/dead-letters",
    "jobs": "/jobs",
    "failed": "/jobs?status=failed",
    "nothing": "/jobs?type=nothing",
    "job-completed": "/jobs/{completed}",
    "job-failed": "/jobs/{failed}",
    "job-waiting": "/jobs/{waiting}",
    "job-running": "/jobs/{running}",
    "job-edit": "/jobs/{pending}/edit",
    "schedules": "/schedules",
    "schedule": "/schedules/1",
    "flow": "/flow",
    "audit": "/audit",
    "error": "/no-such-page",
}
DOCS = {
    "jobs": ("jobs", "light"),
    "job": ("job-failed", "light"),
    "job-dark": ("job-waiting", "dark"),
    "overview": ("overview", "light"),
}
SIZES = {"wide": (1200, 720), "narrow": (390, 844)}

handlers = JobHandlers()


@handlers.job("send_email")
def send_email(payload: dict[str, Any]) -> dict[str, Any]:
    """Succeeds."""
    return {"message_id": f"m-{payload['n']}", "accepted": True}


@handlers.job("charge_card", retry_delay=600, dead_letter_job_type="charge_failed", max_running=2)
def charge_card(payload: dict[str, Any]) -> None:
    """Fails."""
    raise RuntimeError("card declined: the issuer refused the charge of 84.50 EUR (do not honour)")


@handlers.job("approve_expense")
def approve_expense(payload: dict[str, Any], *, ctx: Any) -> Any:
    """Waits for somebody."""
    token = ctx.run("make a token", lambda: ctx.create_token(timeout="48h").id)
    ctx.run("mail the manager", lambda: {"to": "grace@example.com"})
    return ctx.wait_for_token(token).output


@handlers.job("encode_video")
def encode_video(payload: dict[str, Any], *, ctx: Any) -> None:
    """Takes long."""
    ctx.set_progress(62)
    ctx.signal.wait(120)


def fill(queue: JobQueue) -> tuple[dict[str, int], Any]:
    """Puts jobs of all kinds into a queue; the ids of some, and the processor that still runs one."""
    chance = random.Random(7)
    tags = ["welcome", "eu", "us", "newsletter", "beta"]
    for n in range(140):
        payload = {"n": n, "to": f"user{n}@example.com", "template": "welcome-2"}
        group = JobGroup(chance.choice(["acme", "globex", "initech"]))
        queue.add_job("send_email", payload, tags=chance.sample(tags, chance.randint(0, 3)), group=group)
    found = {"completed": 1}
    for attempts in (1, 3, 1, 2):
        found["failed"] = queue.add_job(charge_card, {"card": "4111…", "amount": 84.5}, max_attempts=attempts)
    found["waiting"] = queue.add_job("approve_expense", {"claim": 7, "amount": 84.5, "by": "ada@example.com"})
    queue.create_processor(handlers, batch_size=200).start()
    for job in queue.get_jobs(job_type="charge_card", status="failed"):
        queue.retry_job(job.id)
        found["failed"] = job.id
    queue.create_processor(handlers).start()
    found["running"] = queue.add_job("encode_video", {"file": "intro.mp4", "size": 734_003_200})
    queue.add_job("publish", {"video": "intro"}, depends_on=DependsOn(job_ids=[found["running"]]))
    for minutes in (4, 9, 25, 70, 200):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        found["pending"] = queue.add_job("send_email", {"n": minutes, "to": "later@example.com"}, run_at=at)
    for place in range(6):
        queue.add_job("resize_image", {"url": f"https://example.com/{place}.png"}, priority=5, tags=["thumbnails"])
    queue.cancel_job(queue.add_job("send_email", {"n": 0, "to": "gone@example.com"}))
    queue.add_cron_job(
        schedule_name="daily report",
        cron_expression="0 9 * * MON-FRI",
        job_type="report",
        payload={"kind": "daily"},
        timezone="Europe/Berlin",
    )
    nightly = queue.add_cron_job(
        schedule_name="clean up", cron_expression="*/15 * * * *", job_type="clean_up", payload=None
    )
    queue.pause_cron_job(nightly)
    queue.pause("resize_image")
    queue.pause(group="initech")
    processor = queue.create_processor(handlers, job_type="encode_video", concurrency=1)
    processor.start_in_background()
    while not queue.get_jobs(status="processing"):
        time.sleep(0.05)
    time.sleep(0.5)
    return found, processor


def spread(file: Path) -> None:
    """Lets the traffic of the last minute look as if such had been in the whole hour."""
    chance = random.Random(3)
    with closing(sqlite3.connect(file)) as store, store:
        found = store.execute("SELECT at, job_type, numbers FROM job_traffic WHERE step = 60").fetchall()
        unit = 60 * (1_000_000 if found and found[0][0] > 1e14 else 1)
        for at, job_type, numbers in found:
            for minutes in range(1, 60):
                share = (0.55 + 0.4 * math.sin(minutes / 9)) * chance.uniform(0.6, 1.1)
                shrunk = json.dumps([int(number * share) for number in json.loads(numbers)])
                store.execute(
                    "INSERT OR IGNORE INTO job_traffic (step, at, job_type, numbers) VALUES (60, ?, ?, ?)",
                    (at - minutes * unit, job_type, shrunk),
                )


def draw(url: str, found: dict[str, int], *, docs: bool) -> None:
    """Draws the pages."""
    folder = ROOT / ("docs/images" if docs else "screenshots")
    folder.mkdir(exist_ok=True)
    with chromium() as browser:
        for scheme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                viewport = {"width": width, "height": height}
                page = browser.new_page(color_scheme=scheme, viewport=viewport)  # type: ignore[arg-type]
                for name, path in PAGES.items():
                    images = [image for image, wanted in DOCS.items() if wanted == (name, scheme)]
                    if docs and (size != "wide" or not images):
                        continue
                    page.goto(url + path.format(**found))
                    page.wait_for_timeout(200)
                    file = f"{images[0]}.png" if docs else f"{name}-{scheme}-{size}.png"
                    page.screenshot(path=folder / file, full_page=not docs)
                page.close()


def main() -> None:
    """Serves a filled dashboard, and draws it."""
    with tempfile.TemporaryDirectory() as folder, JobQueue(f"sqlite:///{folder}/jobs.db") as queue:
        found, processor = fill(queue)
        spread(Path(folder) / "jobs.db")
        app = create_dashboard(queue, handlers, auth=lambda request: Visitor("admin", "ada@example.com"))
        with served(app) as url:
            draw(url, found, docs="--docs" in sys.argv)
        processor.stop()
        queue.cancel_job(found["running"], running=True)


if __name__ == "__main__":
    main()
