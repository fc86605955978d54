"""The API beyond single jobs, of each twin and on each store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataqueue import DependsOn, JobGroup, JobHandlers
from tests.processes import until

if TYPE_CHECKING:
    from dataqueue import JobQueue
    from tests.python.dashboard.conftest import Dashboards


def test_the_overview_counts(queue: JobQueue, dashboards: Dashboards) -> None:
    for number in range(3):
        queue.add_job("mail", number)
    queue.cancel_job(queue.add_job("mail", None))
    queue.pause("mail")
    overview = dashboards().get("/api/overview").json()["overview"]
    assert overview["counts"]["pending"] == {"value": 3, "kind": "exact"}
    assert overview["counts"]["cancelled"] == {"value": 1, "kind": "exact"}
    (depth,) = overview["types"]
    assert (depth["jobType"], depth["ready"]["value"], depth["isHandled"], depth["isPaused"]) == (
        "mail",
        3,
        False,
        True,
    )
    assert overview["paused"] == [{"jobType": "mail", "group": None}]
    assert (overview["workers"], overview["nextDueAt"]) == (0, None)


def test_workers_are_told_and_drained(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("mail")
    def mail(payload: object) -> None:
        """Does nothing."""

    processor = queue.create_processor(handlers, worker_id="w1", concurrency=2)
    processor.start_in_background()
    client = dashboards()
    until(lambda: client.get("/api/workers").json()["workers"], "the worker registered")
    (worker,) = client.get("/api/workers").json()["workers"]
    assert (worker["name"], worker["jobTypes"], worker["concurrency"]) == ("w1", ["mail"], 2)
    assert (worker["isAlive"], worker["isDraining"], worker["running"]["value"]) == (True, False, 0)
    assert client.post(f"/api/workers/{worker['id']}/drain").json()["ok"] is True
    assert client.post("/api/workers/999999/drain").status_code == 409
    processor.stop_and_drain(30)


def test_tokens_are_listed_and_completed(queue: JobQueue, dashboards: Dashboards) -> None:
    tokens = [queue.create_token(tags=["t"]) for _ in range(3)]
    client = dashboards()
    first = client.get("/api/tokens?limit=2").json()
    assert [one["id"] for one in first["tokens"]] == [tokens[2].id, tokens[1].id]
    rest = client.get(f"/api/tokens?cursor={first['nextCursor']}").json()
    assert [one["id"] for one in rest["tokens"]] == [tokens[0].id]
    assert client.post(f"/api/tokens/{tokens[0].id}/complete", {"data": [1]}).json()["ok"] is True
    assert client.post(f"/api/tokens/{tokens[0].id}/complete").status_code == 409
    (done,) = client.get("/api/tokens?status=completed").json()["tokens"]
    assert (done["id"], done["output"]) == (tokens[0].id, [1])
    assert client.post("/api/tokens/wp_no-such/complete").status_code == 404
    assert client.get("/api/tokens?status=gone").status_code == 400


def test_limits_and_groups_are_told(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("mail", max_running=2)
    def mail(payload: object) -> None:
        """Does nothing."""

    queue.add_job("mail", None, group=JobGroup("acme"))
    queue.pause(group="acme")
    queue.create_processor(handlers, group_concurrency=3).start()
    flow = dashboards().get("/api/flow").json()
    assert [(one["jobType"], one["maxRunning"], one["isPaused"]) for one in flow["limits"]] == [("mail", 2, False)]
    assert [(one["id"], one["isPaused"]) for one in flow["groups"]] == [("acme", True)]


def test_jobs_are_searched(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("a")
    def fail(payload: object) -> None:
        raise RuntimeError("the Card was declined")

    failed = queue.add_job("a", {"to": "Ada@example.com"}, max_attempts=1, group=JobGroup("acme"))
    queue.create_processor(handlers).start()
    other = queue.add_job("b", {"to": "bob@example.com"}, group=JobGroup("globex"))
    client = dashboards()

    def listed(query: str) -> list[int]:
        return [job["id"] for job in client.get(f"/api/jobs?{query}").json()["jobs"]]

    assert listed("text=ada@EXAMPLE") == [failed]
    assert listed("text=example.com") == [other, failed]
    assert listed("error=card was") == [failed]
    assert listed("group=globex") == [other]
    assert listed("group=globex&status=failed") == []
    assert listed("added=1h&jobType=a") == [failed]
    assert client.get("/api/jobs?added=never").status_code == 400


def test_a_selection_is_changed_at_once(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    ids = [queue.add_job("a", number) for number in range(4)]
    waiting = queue.add_job("b", None, depends_on=DependsOn(job_ids=ids[3:]))
    told = client.post("/api/jobs/cancel", {"ids": [*ids[:2], waiting, 999]}).json()
    assert (told["ok"], told["changed"]) == (True, 3)
    assert queue.count_jobs(status="cancelled") == 3
    assert client.post("/api/jobs/cancel", {"ids": ids[:2]}).status_code == 409
    assert client.post("/api/jobs/retry", {"ids": ids[1:3]}).json()["changed"] == 1
    assert client.post("/api/jobs/delete", {"ids": ids[:1]}).json()["changed"] == 1
    assert queue.get_job(ids[0]) is None
    assert client.post(f"/api/jobs/{ids[1]}/delete").json()["ok"] is True
    assert client.post(f"/api/jobs/{ids[1]}/delete").status_code == 404
    wrong: list[dict[str, Any]] = [{}, {"ids": []}, {"ids": ["x"]}, {"ids": list(range(1001))}]
    for bad in wrong:
        assert client.post("/api/jobs/delete", bad).status_code == 400, bad


def test_pending_jobs_are_edited_together(queue: JobQueue, dashboards: Dashboards) -> None:
    client = dashboards()
    ids = [queue.add_job("a", number, tags=["old"]) for number in range(3)]
    queue.cancel_job(ids[2])
    told = client.post("/api/jobs/edit", {"ids": ids, "new_priority": 7, "new_tags": ["x", "y"]}).json()
    assert (told["ok"], told["changed"]) == (True, 2)
    assert [(job.priority, job.tags) for job in queue.get_jobs(status="pending")] == [(7, ["x", "y"])] * 2
    assert ">2</b>" in client.get("/jobs/confirm?do=edit&type=a").text
    filled = {"all": "yes", "type": "a", "priority": "7", "new_run_at": "2100-01-01T00:00", "new_max_attempts": "9"}
    assert "2 jobs were changed" in client.submit("/jobs/edit", filled).text
    for job in queue.get_jobs(status="pending"):
        assert (job.run_at.year, job.max_attempts, job.priority) == (2100, 9, 7)
    nothing = client.post("/api/jobs/edit", {"ids": ids, "new_tags": ""})
    assert (nothing.status_code, nothing.json()["error"].split(":")[0]) == (400, "nothing is to be changed")
    assert client.post("/api/jobs/edit", {"ids": ids, "new_priority": "high"}).status_code == 400
    assert client.post("/api/jobs/edit", {"ids": ids, "new_run_at": "soon"}).status_code == 400


def test_all_that_a_filter_finds_is_changed(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("a")
    def fail(payload: object) -> None:
        raise RuntimeError("declined")

    for number in range(5):
        queue.add_job("a", {"n": number}, max_attempts=1, tags=["t"] * (number > 2))
    queue.create_processor(handlers).start()
    pending = [queue.add_job("b", {"n": number}) for number in range(3)]
    client = dashboards()

    def change(kind: str, **conditions: Any) -> Any:
        return client.post(f"/api/jobs/{kind}", {"all": True, **conditions}).json()

    page = client.get("/jobs/confirm?do=retry&type=a&tag=t")
    assert ">2</b>" in page.text
    assert change("retry", type="a", tag="t")["changed"] == 2
    assert change("retry", error="DECLINED")["changed"] == 3
    assert change("cancel", type="b", text="1")["changed"] == 1
    assert queue.count_jobs(status="pending") == 7
    assert change("cancel", status="failed") == {
        "ok": False,
        "error": "0 jobs were cancelled.",
        "changed": 0,
        "more": False,
    }
    told = client.submit("/jobs/delete", {"all": "yes", "type": "b"})
    assert "3 jobs were deleted" in told.text
    assert queue.get_job(pending[0]) is None
    assert queue.count_jobs() == 5


def test_the_traffic_of_the_fleet_is_told_and_drawn(queue: JobQueue, dashboards: Dashboards) -> None:
    handlers = JobHandlers()

    @handlers.job("mail")
    def mail(payload: str) -> None:
        if payload == "bad":
            raise RuntimeError(payload)

    for payload in ("good", "good", "bad"):
        queue.add_job(mail, payload, max_attempts=1)
    assert queue.create_processor(handlers).start() == 3
    client = dashboards()
    for span, steps in (("hour", 60), ("day", 24)):
        traffic = client.get(f"/api/traffic?span={span}").json()["traffic"]
        assert (traffic["completed"], traffic["failures"]) == ({"mail": 2}, {"mail": 1})
        assert len(traffic["points"]) in {steps, steps + 1}
        assert sum(point["completed"] for point in traffic["points"]) == 2
        page = client.get(f"/?span={span}").text
        assert "completed: 2 in all; failed: 1 in all" in page
        assert f'/?span={span}" aria-current="page"' in page
        assert "/jobs?type=mail&amp;status=failed" in page
    refused = client.get("/api/traffic?span=year")
    assert refused.status_code == 400
    assert refused.json()["error"] == "span is 'year': it must be one of hour, day"
