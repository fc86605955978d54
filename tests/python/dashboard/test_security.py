"""Who gets in, what they may do, and what a page from elsewhere cannot do."""

from __future__ import annotations

import base64
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import RedirectResponse

from dataqueue import JobHandlers, JobQueue
from dataqueue.dashboard import Role, Visitor, basic_auth, create_dashboard
from dataqueue.dashboard.kinds import all_changes
from tests.python.dashboard.conftest import ROOT, Client, Dashboards, by_header

if TYPE_CHECKING:
    from starlette.requests import Request

PAGES = [
    "/",
    "/jobs",
    "/jobs?text=a",
    "/jobs/1",
    "/schedules",
    "/schedules/1",
    "/tokens",
    "/workers",
    "/flow",
    "/dead-letters",
]
READS = [
    "/api/overview",
    "/api/workers",
    "/api/jobs?text=a",
    "/api/jobs",
    "/api/jobs/1",
    "/api/jobs/1/events",
    "/api/schedules",
    "/api/flow",
    "/api/session",
]
NOBODY, VIEWER, OPERATOR, ADMIN = None, "viewer", "operator", "admin"
One = tuple[JobQueue, Dashboards]


def filled(queue: JobQueue) -> None:
    queue.add_job("a", None)
    queue.add_cron_job(schedule_name="s", cron_expression="* * * * *", job_type="a", payload=None)


def as_role(role: str | None) -> dict[str, str]:
    return {} if role is None else {"x-role": role}


def test_nobody_sees_anything(one: One) -> None:
    queue, dashboards = one
    filled(queue)
    client = dashboards(auth=by_header, title="Secret title")
    for path in [*PAGES, *READS, "/", "/nothing", "/audit", "/api/stream", "/api/openapi.json"]:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert ">a<" not in answer.text
    for change in all_changes():
        assert client.http.post(ROOT + change.path.replace("{id:jobid}", "1")).status_code == 401


@pytest.mark.parametrize("role", [VIEWER, OPERATOR, ADMIN])
def test_each_role_may_do_what_is_its_own(one: One, role: str) -> None:
    queue, dashboards = one
    filled(queue)
    client = dashboards(JobHandlers(), auth=by_header)
    headers = as_role(role)
    for path in [*PAGES, *READS]:
        assert client.get(path, headers=headers).status_code == 200, path
    for path in ("/api/tokens", "/jobs/confirm?do=retry"):
        assert client.get(path, headers=headers).status_code == (403 if role == VIEWER else 200), path
    for path in ("/audit", "/api/audit", "/jobs/1/edit", "/jobs/confirm?do=delete"):
        assert client.get(path, headers=headers).status_code == (200 if role == ADMIN else 403), path
    token = client.get("/api/session", headers=headers).json()["csrfToken"]
    for change in all_changes():
        path = "/api" + re.sub(r"\{\w+:?\w*\}", "1", change.path)
        answer = client.http.post(ROOT + path, json={}, headers={**headers, "x-csrf-token": token})
        assert (answer.status_code == 403) is not Role(role).may(change.role), (path, answer.text)


def test_read_only_refuses_admins_too(one: One) -> None:
    queue, dashboards = one
    filled(queue)
    client = dashboards(JobHandlers(), read_only=True)
    token = client.token()
    for change in all_changes():
        path = re.sub(r"\{\w+:?\w*\}", "1", change.path)
        for prefix in ("", "/api"):
            answer = client.http.post(f"{ROOT}{prefix}{path}", json={}, headers={"x-csrf-token": token})
            assert answer.status_code == 403, path
            assert "read-only" in answer.text
    job = queue.get_job(1)
    assert job is not None
    assert job.status == "pending"
    for path in PAGES:
        assert "<form method=" not in client.get(path).text
        assert "formaction" not in client.get(path).text


def test_a_change_needs_the_token_of_its_browser(one: One) -> None:
    queue, dashboards = one
    job_id = queue.add_job("a", None)
    client = dashboards()
    path = f"{ROOT}/api/jobs/{job_id}/cancel"
    assert client.http.post(path, json={}).status_code == 403
    token = client.token()
    for headers in (
        {},
        {"x-csrf-token": ""},
        {"x-csrf-token": token[:-1] + ("A" if token[-1] != "A" else "B")},
        {"x-csrf-token": token, "sec-fetch-site": "cross-site"},
        {"x-csrf-token": token, "sec-fetch-site": "same-site"},
    ):
        assert client.http.post(path, json={}, headers=headers).status_code == 403, headers
    stranger = dashboards()
    assert stranger.http.post(path, json={}, headers={"x-csrf-token": token}).status_code == 403
    assert status_of(queue, job_id) == "pending"
    assert client.http.post(path, json={}, headers={"x-csrf-token": token}).status_code == 200


def status_of(queue: JobQueue, job_id: int) -> str:
    job = queue.get_job(job_id)
    assert job is not None
    return job.status.value


def test_the_token_is_in_a_meta_tag_and_in_a_cookie(one: One) -> None:
    _, dashboards = one
    client = dashboards()
    answer = client.get("/jobs")
    found = re.search(r'<meta name="csrf-token" content="([\w-]{43})">', answer.text)
    assert found is not None
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"dataqueue_csrf={found[1]};")
    assert f"path={ROOT}" in cookie.lower()
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "set-cookie" not in client.get("/jobs").headers
    over_tls = dashboards()
    over_tls.http.base_url = "https://testserver"
    cookie = over_tls.get("/jobs").headers["set-cookie"]
    assert cookie.startswith("__Secure-dataqueue_csrf=")
    assert "secure" in cookie.lower()


def test_every_answer_has_the_headers_that_keep_browsers_careful(one: One) -> None:
    queue, dashboards = one
    filled(queue)
    client = dashboards()
    for path in [*PAGES, *READS, "/nothing", "/jobs/99", "/api/jobs/99"]:
        headers = client.get(path).headers
        assert headers["x-frame-options"] == "DENY", path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_pages_have_no_inline_script_or_style_and_ask_no_other_host(one: One) -> None:
    queue, dashboards = one
    filled(queue)
    client = dashboards(JobHandlers())
    for path in [*PAGES, "/audit", "/jobs/1/edit", "/nothing"]:
        page = client.get(path).text
        assert "<style" not in page
        assert not re.search(r"\sstyle=", page), path
        assert not re.search(r"\son\w+=", page), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", page), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), path
        assert len(page.encode()) + sum(len(asset) for asset in assets(client, page)) < 100_000


def assets(client: Client, page: str) -> list[bytes]:
    found = [client.http.get(path).content for path in set(re.findall(r'"(/[^"]+/static/[^"]+)"', page))]
    modules = ["times", "refresh", "live", "forms", "select"]
    folder = re.search(r'"(/[^"]+/static/\w+)/dashboard.js"', page)
    assert folder is not None
    return found + [client.http.get(f"{folder[1]}/{name}.js").content for name in modules]


def test_changes_are_limited_in_number(one: One) -> None:
    _, dashboards = one
    client = dashboards()
    token = client.token()
    answers = [client.http.post(f"{ROOT}/api/flow/resume", json={}, headers={"x-csrf-token": token}) for _ in range(70)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers[:60]} == {409}
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1


def test_the_audit_trail_tells_who_changed_what(one: One, caplog: pytest.LogCaptureFixture) -> None:
    queue, dashboards = one
    job_id = queue.add_job("a", {"secret": "hunter2"})

    async def auth(request: Request) -> Visitor:
        return Visitor(request.headers.get("x-role", "admin"), "ada")

    client = dashboards(auth=auth)
    with caplog.at_level(logging.INFO, "dataqueue.audit"):
        client.post(f"/api/jobs/{job_id}/edit", {"payload": {"secret": "hunter3"}})
        client.post(f"/api/jobs/{job_id}/cancel", headers={"x-role": "viewer"})
        client.post(f"/api/jobs/{job_id}/cancel")
        client.post(f"/api/jobs/{job_id}/cancel")
    kept = [
        (record.__dict__["audit_actor"], record.__dict__["audit_action"], record.__dict__["audit_outcome"])
        for record in caplog.records
    ]
    assert kept == [
        ("ada", "edit job", "done"),
        ("ada", "cancel job", "refused"),
        ("ada", "cancel job", "done"),
        ("ada", "cancel job", "unchanged"),
    ]
    assert caplog.records[0].__dict__["audit_details"]["fields"] == ["payload"]
    entries = client.get("/api/audit").json()["entries"]
    assert [(entry["outcome"], entry["role"]) for entry in entries] == [
        ("unchanged", "admin"),
        ("done", "admin"),
        ("refused", "viewer"),
        ("done", "admin"),
    ]
    assert entries[1]["target"] == f"#{job_id}"
    page = client.get("/audit").text
    assert "hunter" not in page + caplog.text
    assert page.count("cancel job") == 3


def test_auth_answers_a_role_a_visitor_a_response_or_nobody(one: One) -> None:
    _, dashboards = one

    def role(request: Request) -> str:
        return "viewer"

    def away(request: Request) -> RedirectResponse:
        return RedirectResponse("/login")

    def unknown(request: Request) -> str:
        return "root"

    def wrong(request: Request) -> int:
        return 7

    def broken(request: Request) -> str:
        raise RuntimeError("the database of users is at postgres://u:hunter2@db")

    assert dashboards(auth=role).get("/api/session").json()["role"] == "viewer"
    answer = dashboards(auth=away).get("/jobs", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/login")
    for auth in (unknown, wrong, broken):
        answer = dashboards(auth=auth).get("/jobs")
        assert answer.status_code == 500
        assert "hunter2" not in answer.text


def test_basic_auth_asks_for_a_name_and_a_password(one: One) -> None:
    _, dashboards = one
    client = dashboards(auth=basic_auth({"ada": ("pass:word", "admin"), "bob": ("other", "viewer")}))

    def session(text: str) -> Any:
        encoded = base64.b64encode(text.encode()).decode()
        return client.get("/api/session", headers={"authorization": f"Basic {encoded}"})

    assert session("ada:pass:word").json()["role"] == "admin"
    assert session("bob:other").json()["name"] == "bob"
    for wrong in ("ada:other", "eve:pass:word", "ada:", ":", "ada"):
        assert session(wrong).status_code == 401
    answer = client.get("/jobs", headers={"authorization": "Basic !"})
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")
    for users in ({}, {"a:b": ("c", "admin")}, {"a": ("", "admin")}, {"a": ("b", "root")}):
        with pytest.raises(ValueError, match=r"user|root"):
            basic_auth(users)


def test_what_is_hidden_cannot_be_guessed_by_searching(one: One) -> None:
    queue, dashboards = one
    job_id = queue.add_job("a", {"card": "4111", "name": "Ada"})
    client = dashboards(redact=["card"])
    assert [job["id"] for job in client.get("/api/jobs?text=ada").json()["jobs"]] == [job_id]
    for text in ("4111", "41", "4"):
        assert client.get(f"/api/jobs?text={text}").json()["jobs"] == [], text
        assert f'data-key="{job_id}"' not in client.get(f"/jobs?text={text}").text


def test_what_can_complete_a_token_is_cut_for_viewers(one: One) -> None:
    queue, dashboards = one
    handlers = JobHandlers()

    @handlers.job("approve")
    def approve(payload: None, *, ctx: Any) -> None:
        ctx.wait_for_token(ctx.run("token", lambda: ctx.create_token(timeout="1h").id))

    job_id = queue.add_job("approve", None)
    queue.create_processor(handlers).start()
    job = queue.get_job(job_id)
    assert job is not None
    token = job.wait_token_id
    assert token is not None
    client = dashboards(auth=by_header)
    assert token not in client.get("/tokens", headers=as_role(VIEWER)).text
    assert token in client.get("/tokens", headers=as_role(OPERATOR)).text
    assert client.get(f"/tokens/{token}", headers=as_role(VIEWER)).status_code == 403
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/step_data", f"/api/jobs/{job_id}", f"/api/jobs/{job_id}/events"):
        assert token in client.get(path, headers=as_role(OPERATOR)).text, path
        seen = client.get(path, headers=as_role(VIEWER)).text
        assert token not in seen, path
        assert token[:7] in seen


def test_the_way_back_stays_on_the_dashboard(one: One) -> None:
    queue, dashboards = one
    job_id = queue.add_job("a", None)
    client = dashboards()
    for back in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nx: y"):
        answer = client.submit(f"/jobs/{job_id}/cancel", {"back": back}, follow=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{ROOT}/"), back
    answer = client.submit(f"/jobs/{job_id}/retry", {"back": "/jobs?status=failed"}, follow=False)
    assert answer.headers["location"] == f"{ROOT}/jobs?status=failed"


def test_what_is_sent_is_bounded(one: One) -> None:
    queue, dashboards = one
    job_id = queue.add_job("a", None)
    client = dashboards()
    headers = {"x-csrf-token": client.token(), "content-type": "application/json"}
    path = f"{ROOT}/api/jobs/{job_id}/edit"
    for body in (b"[" * 100_000, b"[]", b"{", b"\xff", b'"' + b"a" * 9_000_000):
        assert client.http.post(path, content=body, headers=headers).status_code == 400
    for kind in ("text/plain", "multipart/form-data", ""):
        assert client.http.post(path, content=b"a=b", headers={**headers, "content-type": kind}).status_code == 400
    answer = client.http.post(
        path,
        content=b"&".join(b"a=b" for _ in range(5000)),
        headers={**headers, "content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


def test_an_open_dashboard_is_told_of_once(one: One, caplog: pytest.LogCaptureFixture) -> None:
    _, dashboards = one
    near, far = dashboards(), dashboards(client=("203.0.113.9", 1))
    with caplog.at_level(logging.WARNING, "dataqueue"):
        near.get("/jobs")
        assert not caplog.records
        far.get("/jobs")
        far.get("/jobs")
    assert [record.getMessage() for record in caplog.records if "203.0.113.9" in record.getMessage()] != []
    assert len(caplog.records) == 1


def test_wrong_arguments_are_said(one: One) -> None:
    queue, _ = one
    with pytest.raises(TypeError, match="JobQueue"):
        create_dashboard("sqlite://")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="redact"):
        create_dashboard(queue, redact="card")
    with pytest.raises(TypeError, match="auth"):
        create_dashboard(queue, auth="admin")  # type: ignore[arg-type]
