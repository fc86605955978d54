"""The examples that mount the dashboard: they add jobs, and show them to whom they should."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.python.dashboard.test_mounting import ask, served

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLES = Path(__file__).parents[3] / "examples"
BASIC = "Basic YWRtaW46c2VjcmV0"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, sqlite_store_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("DATAQUEUE_URL", sqlite_store_url)
    monkeypatch.setenv("ADMIN_PASSWORD", "secret")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "a key for the tests alone")
    monkeypatch.setenv("DJANGO_DB", str(tmp_path / "app.db"))


def loaded(framework: str) -> ModuleType:
    path = EXAMPLES / framework / "app.py"
    spec = importlib.util.spec_from_file_location(f"example_{framework}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_fastapi() -> None:
    module = loaded("fastapi")
    with TestClient(module.app) as client:
        job_id = client.post("/greetings/Ada").json()["job"]
        assert client.get("/admin/jobs/jobs").status_code == 401
        page = client.get("/admin/jobs/jobs", headers={"authorization": BASIC})
        assert f'href="/admin/jobs/jobs/{job_id}"' in page.text


def test_flask() -> None:
    module = loaded("flask")
    with served(module.app.wsgi_app) as url:
        added = ask(f"{url}/greetings/Ada", b"")
        assert added[0] == 202
        assert ask(f"{url}/admin/jobs/jobs")[0] == 401
        status, page, _ = ask(f"{url}/admin/jobs/jobs", Authorization=BASIC)
        assert (status, ">greet<" in page) == (200, True)
    module.queue.close()


DJANGO = """
import sys
sys.path[:0] = sys.argv[1:3]
import app
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from tests.python.dashboard.test_mounting import ask, served
with served(app.application) as url:
    assert ask(f"{url}/admin/jobs/jobs")[0] == 401
    for name, options in (("vera", {}), ("otto", {"is_staff": True}), ("ada", {"is_superuser": True})):
        user = User.objects.create_user(name, password="x", **options)
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.save()
        status, told, _ = ask(f"{url}/admin/jobs/api/session", Cookie=f"sessionid={session.session_key}")
        print(status, told)
app.queue.close()
"""


def test_django() -> None:
    root = str(EXAMPLES.parent)
    command = [sys.executable, "-c", DJANGO, str(EXAMPLES / "django"), root]
    done: Any = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    told = re.findall(r'200 .*"name":"(\w+)","role":"(\w+)"', done.stdout)
    assert told == [("vera", "viewer"), ("otto", "operator"), ("ada", "admin")]
