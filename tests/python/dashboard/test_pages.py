"""The pages, as HTML: what is shown, escaped and cut."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dataqueue import DependsOn, JobGroup, JobHandlers, JobQueue

if TYPE_CHECKING:
    from tests.python.dashboard.conftest import Dashboards

One = tuple["JobQueue", "Dashboards"]
EVIL = "</code></pre><script>alert('x')</script><img src=x onerror=\"alert(1)\">"


def test_markup_in_any_text_of_a_job_is_shown_and_not_run(one: One) -> None:
    queue, dashboards = one
    handlers = JobHandlers()

    class Evil(Exception):
        pass

    Evil.__name__ = EVIL

    @handlers.job(EVIL)
    def fail(payload: object) -> None:
        raise Evil(EVIL)

    failing = queue.add_job(
        EVIL,
        {EVIL: [EVIL]},
        tags=[EVIL],
        idempotency_key=EVIL,
        group=JobGroup(EVIL, EVIL),
        dead_letter_job_type=EVIL,
        max_attempts=1,
    )
    queue.create_processor(handlers, worker_id=EVIL, batch_size=1).start()
    waiting = queue.add_job(EVIL, EVIL, depends_on=DependsOn(tags=[EVIL]))
    queue.add_cron_job(schedule_name=EVIL, cron_expression="* * * * *", job_type=EVIL, payload=EVIL, tags=[EVIL])
    queue.pause(EVIL)
    queue.pause(group=EVIL)
    client = dashboards(title=EVIL)
    pages = ["/jobs", f"/jobs/{failing}", f"/jobs/{waiting}", f"/jobs/{waiting}/edit", "/schedules", "/schedules/1"]
    for path in [
        *pages,
        "/",
        "/flow",
        "/dead-letters",
        "/jobs?text=" + EVIL,
        "/jobs?group=" + EVIL,
        "/jobs?type=" + EVIL,
        "/jobs?status=" + EVIL,
        "/jobs?tag=" + EVIL,
    ]:
        answer = client.get(path)
        assert EVIL not in answer.text, path
        assert "<script>" not in answer.text
        assert "<img" not in answer.text
        assert html.escape("<script>alert(", quote=False) in answer.text
    whole = client.get(f"/jobs/{failing}/payload")
    assert whole.json() == {EVIL: [EVIL]}
    assert whole.headers["content-type"].startswith("text/plain")


def test_the_list_filters_by_its_url_and_goes_on_by_pages(one: One) -> None:
    queue, dashboards = one
    ids = [queue.add_job("a" if number % 2 else "b", None, priority=number) for number in range(120)]
    client = dashboards()

    def listed(path: str) -> list[int]:
        return [job_id for job_id in ids[::-1] if f'data-key="{job_id}"' in client.get(path).text]

    assert listed("/jobs") == ids[:69:-1]
    assert listed("/jobs?type=a") == ids[:19:-2]
    assert listed("/jobs?type=a&priority=7") == [ids[7]]
    assert listed("/jobs?status=failed") == []
    second = link(client.get("/jobs?type=a").text, "Older")
    assert "type=a" in second
    assert listed(second) == ids[19::-2]
    page = client.get(second).text
    assert "Older" not in page
    assert listed(link(page, "Newer")) == ids[:19:-2]
    third = link(client.get(link(client.get("/jobs").text, "Older")).text, "Older")
    assert listed(third) == ids[19::-1]
    assert listed(link(client.get(third).text, "Newer")) == ids[69:19:-1]


def link(page: str, words: str) -> str:
    before, _, _ = page.partition(f">{words}<")
    return html.unescape(before.rpartition('href="')[2].rstrip('"').removeprefix("/admin/jobs"))


def test_a_filter_that_cannot_be_read_is_said_beside_it(one: One) -> None:
    _, dashboards = one
    answer = dashboards().get("/jobs?since=yesterday")
    assert answer.status_code == 400
    assert "since is" in answer.text
    assert 'role="search"' in answer.text


def test_a_payload_of_a_megabyte_is_cut_and_can_be_had_whole(one: One) -> None:
    queue, dashboards = one
    payload = {"rows": ["lorem ipsum"] * 70_000}
    job_id = queue.add_job("a", payload)
    client = dashboards()
    page = client.get(f"/jobs/{job_id}").text
    assert len(page) < 60_000
    assert "Show all of it" in page
    assert "1.3 MB" in page
    assert client.get(f"/jobs/{job_id}/payload").json() == payload
    assert "too long to be edited" in client.get(f"/jobs/{job_id}/edit").text


def test_fields_are_redacted_everywhere(one: One) -> None:
    queue, dashboards = one
    handlers = JobHandlers()

    @handlers.job("a")
    def handle(payload: dict[str, str]) -> dict[str, str]:
        return {"Card": "second secret"}

    job_id = queue.add_job("a", {"card": "first secret", "name": "Ada"})
    queue.edit_job(job_id, payload={"card": "third secret", "name": "Ada"})
    queue.create_processor(handlers).start()
    queue.add_cron_job(schedule_name="s", cron_expression="* * * * *", job_type="a", payload={"card": "fourth secret"})
    client = dashboards(redact=["card"])
    for path in (
        f"/jobs/{job_id}",
        f"/jobs/{job_id}/payload",
        f"/jobs/{job_id}/output",
        f"/api/jobs/{job_id}",
        f"/api/jobs/{job_id}/events",
        "/api/jobs",
        "/schedules/1",
        "/api/schedules",
    ):
        text = client.get(path).text
        assert "redacted" in text, path
        assert " secret" not in text, path


def test_a_job_is_edited_by_its_form(one: One) -> None:
    queue, dashboards = one
    due = datetime(2040, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    job_id = queue.add_job("a", {"n": 1}, run_at=due, timeout=30, tags=["x"])
    client = dashboards()
    assert "2040-01-02T03:04" in client.get(f"/jobs/{job_id}/edit").text
    form = {
        "payload": json.dumps({"n": 2}),
        "priority": "5",
        "max_attempts": "3",
        "run_at": "2040-01-02T03:04",
        "timeout": "30",
        "retry_delay": "",
        "retry_delay_max": "",
        "tags": "x, y",
    }
    answer = client.submit(f"/jobs/{job_id}/edit", form)
    assert (answer.status_code, answer.url.path) == (200, f"/admin/jobs/jobs/{job_id}")
    assert "was changed" in answer.text
    assert "was changed" not in client.get(f"/jobs/{job_id}").text
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.payload, job.priority, job.tags) == ({"n": 2}, 5, ["x", "y"])
    # What the form shows by the minute alone is kept to the millisecond.
    assert (job.run_at, job.timeout) == (due, timedelta(seconds=30))
    assert queue.get_job_events(job_id)[-1].metadata.keys() == {"payload", "priority", "tags"}


def test_what_a_job_waits_for_is_drawn(one: One) -> None:
    queue, dashboards = one
    ids = [queue.add_job("part", None) for _ in range(15)]
    job_id = queue.add_job("whole", None, depends_on=DependsOn(job_ids=ids))
    page = dashboards().get(f"/jobs/{job_id}").text
    assert f"Job {job_id} waits for 15 jobs, and 0 wait for it" in page
    assert f'<a href="/admin/jobs/jobs/{ids[0]}"><title>#{ids[0]} part: pending</title>' in page
    assert "and 3 more" in page
    part = dashboards().get(f"/jobs/{ids[0]}").text
    assert f"Job {ids[0]} waits for 0 jobs, and 1 wait for it" in part


def test_a_store_that_is_gone_is_said_on_the_page(tmp_path: object, one: One) -> None:
    _, dashboards = one
    with JobQueue("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1") as gone:
        client = type(dashboards)(gone, dashboards._stack)()
        for path in ("/", "/jobs", "/schedules", "/flow", "/workers", "/tokens", "/dead-letters"):
            answer = client.get(path)
            assert (answer.status_code, "Try again" in answer.text) == (503, True)
        answer = client.get("/api/jobs")
        assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_empty_pages_say_what_to_do(one: One) -> None:
    _, dashboards = one
    client = dashboards()
    assert "Nothing waits" in client.get("/").text
    assert "queue.add_job(" in client.get("/jobs").text
    assert "dataqueue worker" in client.get("/workers").text
    assert "create_token" in client.get("/tokens").text
    assert "dead_letter_job_type" in client.get("/dead-letters").text
    assert "max_running" in client.get("/flow").text
    assert "Show all jobs" in client.get("/jobs?status=failed").text
    assert "@handlers.cron(" in client.get("/schedules").text
    assert "Nothing is paused" in client.get("/flow").text
    assert "Nothing was changed yet" in client.get("/audit").text
