"""The JSON API, of each twin and on each store."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from dataqueue import JobGroup, JobHandlers
from dataqueue.dashboard.app import _routes

if TYPE_CHECKING:
    from dataqueue import JobQueue
    from tests.python.dashboard.conftest import Dashboards


def test_a_job_is_told_in_the_names_of_the_api(queue: JobQueue, dashboards: Dashboards) -> None:
    at = datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)
    job_id = queue.add_job(
        "send_email",
        {"some_field": [1, None]},
        priority=3,
        run_at=at,
        timeout=1.5,
        tags=["a", "b"],
        retry_delay=90,
        group=JobGroup("acme", "gold"),
    )
    answer = dashboards().get(f"/api/jobs/{job_id}")
    job = answer.json()["job"]
    assert answer.status_code == 200
    assert (job["id"], job["jobType"], job["status"]) == (job_id, "send_email", "pending")
    assert job["payload"] == {"some_field": [1, None]}
    assert (job["runAt"], job["timeoutMs"], job["retryDelay"]) == ("2040-01-02T03:04:05.000Z", 1500, 90.0)
    assert (job["tags"], job["groupId"], job["groupTier"]) == (["a", "b"], "acme", "gold")
    assert (job["maxAttempts"], job["attempts"], job["completedAt"], job["errorHistory"]) == (3, 0, None, [])


def test_lists_are_pages_newest_first(queue: JobQueue, dashboards: Dashboards) -> None:
    ids = [queue.add_job("a" if number % 2 else "b", number, tags=["t"] * (number > 2)) for number in range(5)]
    client = dashboards()

    def listed(query: str = "") -> Any:
        return client.get(f"/api/jobs{query}").json()

    assert [job["id"] for job in listed()["jobs"]] == ids[::-1]
    first = listed("?limit=2")
    assert ([job["id"] for job in first["jobs"]], first["hasMore"]) == (ids[:2:-1], True)
    assert [job["id"] for job in listed(f"?limit=3&cursor={first['nextCursor']}")["jobs"]] == ids[2::-1]
    assert [job["id"] for job in listed("?limit=2&offset=4")["jobs"]] == ids[:1]
    assert [job["id"] for job in listed("?jobType=a")["jobs"]] == [ids[3], ids[1]]
    assert [job["id"] for job in listed("?jobType=a&tag=t")["jobs"]] == [ids[3]]
    assert [job["id"] for job in listed(f"?ids={ids[1]},{ids[3]},{ids[1]},999")["jobs"]] == [ids[3], ids[1]]
    assert listed("?status=failed") == {
        "jobs": [],
        "hasMore": False,
        "limit": 25,
        "offset": 0,
        "nextCursor": None,
    }


def test_what_cannot_be_read_is_said(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    for query, named in (
        ("?status=gone", "status"),
        ("?limit=0", "limit"),
        ("?limit=many", "limit"),
        ("?cursor=1&offset=2", "offset"),
        ("?since=yesterday", "since"),
        ("?tag_mode=most", "tag_mode"),
        ("?ids=1,x", "ids"),
        ("?ids=" + ",".join(map(str, range(101))), "ids"),
    ):
        answer = client.get(f"/api/jobs{query}")
        assert (answer.status_code, answer.json()["ok"]) == (400, False), query
        assert named in answer.json()["error"]
    for path in ("/api/jobs/77", "/api/jobs/x", "/api/nothing", "/api/schedules/9"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["ok"]) == (404, False), path
    assert client.post("/api/jobs/77/cancel").status_code == 404


def test_events_tell_the_history(queue: JobQueue, dashboards: Dashboards) -> None:
    job_id = queue.add_job("a", None)
    queue.edit_job(job_id, priority=7)
    events = dashboards().get(f"/api/jobs/{job_id}/events").json()["events"]
    assert [(event["eventType"], event["jobId"]) for event in events] == [("added", job_id), ("edited", job_id)]
    assert events[1]["metadata"] == {"priority": 7}
    assert set(events[0]) == {"id", "jobId", "eventType", "createdAt", "metadata"}


def test_jobs_are_cancelled_and_retried(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    job_id = queue.add_job("a", None)
    answer = client.post(f"/api/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    assert status_of(queue, job_id) == "cancelled"
    again = client.post(f"/api/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["ok"]) == (409, False)
    assert "cancelled" in again.json()["error"]
    assert client.post(f"/api/jobs/{job_id}/retry").json()["ok"] is True
    assert status_of(queue, job_id) == "pending"
    assert client.post(f"/api/jobs/{job_id}/retry").status_code == 409


def status_of(queue: JobQueue, job_id: int) -> str:
    job = queue.get_job(job_id)
    assert job is not None
    return job.status.value


def test_a_pending_job_is_edited(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards(redact=["secret"])
    job_id = queue.add_job("a", {"secret": "s", "list": [{"SECRET": "t", "n": 1}]}, timeout=5)
    shown = client.get(f"/api/jobs/{job_id}").json()["job"]["payload"]
    assert shown == {"secret": "[redacted]", "list": [{"SECRET": "[redacted]", "n": 1}]}
    shown["list"][0]["n"] = 2
    due = "2040-01-01T00:00:00Z"
    edit = {"payload": shown, "priority": 4, "timeout": None, "tags": ["x"], "run_at": due, "max_attempts": 9}
    assert client.post(f"/api/jobs/{job_id}/edit", edit).json()["ok"] is True
    job = queue.get_job(job_id)
    assert job is not None
    assert job.payload == {"secret": "s", "list": [{"SECRET": "t", "n": 2}]}
    assert (job.priority, job.timeout, job.tags, job.max_attempts) == (4, None, ["x"], 9)
    assert job.run_at == datetime(2040, 1, 1, tzinfo=UTC)
    for bad in ({"priority": "high"}, {"payload": "{"}, {"run_at": "never"}, {"timeout": -1}, {"max_attempts": 0}):
        answer = client.post(f"/api/jobs/{job_id}/edit", bad)
        assert (answer.status_code, answer.json()["ok"]) == (400, False), bad
    assert client.post(f"/api/jobs/{job_id}/edit", {}).status_code == 409
    queue.cancel_job(job_id)
    assert client.post(f"/api/jobs/{job_id}/edit", {"priority": 1}).status_code == 409


def test_a_batch_is_processed(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()
    seen = []

    @handlers.job("a")
    def handle(payload: int) -> None:
        seen.append(payload)

    @handlers.job("b")
    async def handle_too(payload: int) -> None:
        seen.append(payload)

    queue.add_job("a", 1)
    queue.add_job("b", 2)
    queue.add_job("a", 3)
    client = dashboards(handlers, processor_options={"batch_size": 2})
    assert client.post("/api/process").json()["processed"] == 2
    assert client.post("/api/process").json()["processed"] == 1
    assert client.post("/api/process").json()["processed"] == 0
    assert sorted(seen) == [1, 2, 3]
    without = dashboards()
    assert without.post("/api/process").status_code == 400
    assert without.get("/api/session").json()["canProcess"] is False


def test_the_token_that_a_job_waits_for_is_completed(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("approve")
    def approve(payload: None, *, ctx: Any) -> Any:
        token = ctx.run("token", lambda: ctx.create_token(timeout="1h").id)
        return ctx.wait_for_token(token).output

    job_id = queue.add_job("approve", None)
    client = dashboards(handlers)
    assert client.post("/api/process").json()["processed"] == 1
    assert client.get(f"/api/jobs/{job_id}").json()["job"]["status"] == "waiting"
    assert client.post(f"/api/jobs/{job_id}/complete-token", {"data": {"yes": True}}).json()["ok"] is True
    client.post("/api/process")
    job = client.get(f"/api/jobs/{job_id}").json()["job"]
    assert (job["status"], job["output"]) == ("completed", {"yes": True})
    assert client.post(f"/api/jobs/{job_id}/complete-token", {}).status_code == 409


def test_schedules_are_listed_and_changed(queue: JobQueue, dashboards: Dashboards) -> None:
    schedule_id = queue.add_cron_job(
        schedule_name="nightly",
        cron_expression="0 3 * * *",
        job_type="report",
        payload={"n": 1},
        timeout=7,
        tags=["r"],
        group=JobGroup("acme"),
        priority=2,
    )
    client = dashboards()
    schedule = client.get("/api/schedules").json()["schedules"][0]
    assert (schedule["id"], schedule["scheduleName"], schedule["timeoutMs"]) == (schedule_id, "nightly", 7000)
    assert client.get(f"/api/schedules/{schedule_id}").json()["schedule"] == schedule
    assert client.post(f"/api/schedules/{schedule_id}/pause").json()["ok"] is True
    assert client.post(f"/api/schedules/{schedule_id}/pause").status_code == 409
    assert client.get("/api/schedules?status=paused").json()["schedules"] != []
    assert client.post(f"/api/schedules/{schedule_id}/resume").json()["ok"] is True
    job_id = client.post(f"/api/schedules/{schedule_id}/run").json()["jobId"]
    job = queue.get_job(job_id)
    assert job is not None
    assert (job.job_type, job.payload, job.timeout, job.tags) == ("report", {"n": 1}, timedelta(seconds=7), ["r"])
    assert (job.group_id, job.priority, job.status) == ("acme", 2, "pending")
    edit = {"cron_expression": "0 4 * * *", "payload": {"n": 2}, "allow_overlap": True, "timeout": None}
    assert client.post(f"/api/schedules/{schedule_id}/edit", edit).json()["ok"] is True
    changed = queue.get_cron_job(schedule_id)
    assert changed is not None
    assert (changed.cron_expression, changed.payload, changed.allow_overlap) == ("0 4 * * *", {"n": 2}, True)
    assert changed.timeout is None
    assert client.post(f"/api/schedules/{schedule_id}/edit", {"cron_expression": "never"}).status_code == 400
    assert client.post(f"/api/schedules/{schedule_id}/remove").json()["ok"] is True
    assert client.get("/api/schedules").json() == {"schedules": []}


def test_types_groups_and_everything_are_paused(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    assert client.post("/api/flow/pause", {"jobType": "mail"}).json()["ok"] is True
    assert client.post("/api/flow/pause", {"group": "acme"}).json()["ok"] is True
    assert client.post("/api/flow/pause").json()["ok"] is True
    paused = {(one["jobType"], one["group"]) for one in client.get("/api/flow").json()["paused"]}
    assert paused == {("mail", None), (None, "acme"), (None, None)}
    assert client.post("/api/flow/pause", {"jobType": "mail"}).status_code == 409
    assert client.post("/api/flow/pause", {"jobType": "mail", "group": "acme"}).status_code == 400
    for what in ({"jobType": "mail"}, {"group": "acme"}, {}):
        assert client.post("/api/flow/resume", what).json()["ok"] is True
    assert queue.paused() == []


def test_the_description_names_every_path_of_the_api_and_no_other(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    described = client.get("/api/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": "/admin/jobs"}]
    told = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    routes = {
        (re.sub(r"\{(\w+):?\w*\}", r"{\1}", route.path), method)
        for route in _routes()
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert told == routes
    job_id = queue.add_job("a", None)
    job = client.get(f"/api/jobs/{job_id}").json()["job"]
    assert set(described["components"]["schemas"]["JobRecord"]["properties"]) == set(job)
    for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)):
        assert described["components"]["schemas"][reference]
