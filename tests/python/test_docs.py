"""Every Python block of the README and the docs runs, page by page, so that what they say is true.

The blocks of a page share their names, as they do for its reader. What a page takes for granted, such as an open
queue, is in `GRANTED`; everything that the package exports is there anyway.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dataqueue
from tests.conftest import with_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

SEND_EMAIL = """
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")
"""
ON_POSTGRES = """
queue = JobQueue(queue_url)
with psycopg.connect(url) as connection:
    connection.execute("create table account (email text)")
"""

# What the n-th block of a page takes for granted.
GRANTED = {
    ("README.md", 1): f"email = 'ada@example.com'\n{ON_POSTGRES}",
    ("adding.md", 0): f"{SEND_EMAIL}\n{ON_POSTGRES}",
    ("adding.md", 1): "readers = ['ada@example.com', 'bob@example.com']",
    ("adding.md", 3): """
import asyncpg
async_queue = AsyncJobQueue(queue_url)
connection = await asyncpg.connect(url)
""",
    ("adding.md", 4): """
await connection.close()
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...

class Account(Base):
    __tablename__ = "account"
    email: Mapped[str] = mapped_column(primary_key=True)

engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
""",
    ("adding.md", 8): """
engine.dispose()
today = datetime.now(UTC)
job_id = queue.add_job(send_email, payload)
queue.create_processor(handlers, batch_size=100).start()
page = queue.get_jobs()
""",
    ("getting-started.md", 2): "handlers = JobHandlers()\nqueue = JobQueue('sqlite:///jobs.db')",
    ("getting-started.md", 4): "queue = JobQueue('sqlite:///jobs.db')\nqueue.create_processor(handlers).start()",
    ("processing.md", 0): f"{SEND_EMAIL}\nqueue = JobQueue('sqlite:///jobs.db')",
    ("processing.md", 1): "class Image(BaseModel): ...",
    ("processing.md", 3): """
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

@asynccontextmanager
async def sessions(): yield "a session"

tenant, current_session = ContextVar("tenant"), ContextVar("session")
seen, earlier, handlers = [], handlers, JobHandlers()

@handlers.job("whose")
async def whose(payload: dict): seen.append((tenant.get(), current_session.get()))
""",
    ("processing.md", 4): """
middled = queue.add_job("whose", {"tenant": "acme"})
queue.create_processor(handlers).start()
assert queue.get_job(middled).status == "completed", queue.get_job(middled)
assert seen == [("acme", "a session")]
handlers = earlier
""",
    (
        "inspecting.md",
        0,
    ): f"{SEND_EMAIL}\nqueue = JobQueue('sqlite:///jobs.db')\njob_id = queue.add_job(send_email, payload)",
    ("inspecting.md", 3): "yesterday = datetime.now(UTC) - timedelta(days=1)",
    ("limits.md", 0): f"{SEND_EMAIL}\nqueue = JobQueue('sqlite:///jobs.db')",
    ("timeouts.md", 0): """
handlers = JobHandlers()
queue = JobQueue('sqlite:///jobs.db')

class Report(BaseModel):
    parts: list[int]

written = []
nearly_done, write = lambda: True, written.append
""",
    ("timeouts.md", 2): "class Image(BaseModel): ...",
    ("timeouts.md", 3): "from tests.python.isolation.handlers import area as thumbnail",
    ("timeouts.md", 4): "job_id = queue.add_job('convert', None)",
    ("dashboard.md", 0): """
handlers, mounted = JobHandlers(), []
queue = JobQueue("sqlite:///jobs.db")

class app:
    wsgi_app = None
    @classmethod
    def mount(cls, path, application): mounted.append((path, application))
""",
    ("dashboard.md", 1): "get_wsgi_application = lambda: None",
    ("dashboard.md", 2): "async def user_of(session): return None",
    ("schedules.md", 0): "handlers = JobHandlers()\nqueue = JobQueue('sqlite:///jobs.db')",
    ("schedules.md", 2): "queue.create_processor(handlers).start()",
    ("events.md", 0): "queue = JobQueue('sqlite:///jobs.db')",
    ("events.md", 1): """
handlers = JobHandlers()

@handlers.job("report")
def report(payload: None) -> None: ...

job_id = queue.add_job(report, None)
""",
    ("events.md", 2): "async_queue = AsyncJobQueue('sqlite:///jobs.db')",
    ("waiting.md", 0): """
from collections import deque
handlers = JobHandlers()
queue = JobQueue("sqlite:///jobs.db")
mails = deque()

def send(to, text): mails.append((to, text))
def take_payment(card): return {"charge": card}
def send_receipt(to, charge): send(to, f"receipt {charge}")
""",
    ("waiting.md", 3): """
job_id = queue.add_job("expense", {"manager": "ada@example.com"})
assert queue.create_processor(handlers).start() == 1
token_id = queue.get_job(job_id).wait_token_id
assert mails.pop() == ("ada@example.com", f"Approve? {token_id}")
""",
    ("waiting.md", 4): """
assert queue.create_processor(handlers).start() == 1
assert queue.wait_for_job(job_id, 0).output == "approve"
SECRET = "a secret for the tests alone"
""",
    ("waiting.md", 5): """
token = queue.create_token()
ask("ada@example.com", token)
link = verify_token_url(mails.pop()[1].split()[1], secret=SECRET)
assert (link.token_id, link.data, link.label) == (token.id, {"action": "approve"}, "Approve expense 42")

class app:
    mounted = []
    @classmethod
    def mount(cls, path, application): cls.mounted.append(path)
""",
    ("metrics.md", 0): f"""{SEND_EMAIL}
queue = JobQueue('sqlite:///jobs.db')
queue.add_job(send_email, payload)
""",
    ("integrations.md", 1): """
import sys
from types import ModuleType

# Its own is part of Django 6, and takes tasks where settings are.
stand_in, kept = ModuleType("django.tasks"), sys.modules.pop("django.tasks", None)
stand_in.task = lambda **_: lambda func: func
sys.modules["django.tasks"] = stand_in
""",
    ("integrations.md", 2): f"""
del sys.modules["django.tasks"]
if kept is not None:
    sys.modules["django.tasks"] = kept
{SEND_EMAIL}
queue = JobQueue("sqlite:///jobs.db")
""",
    ("integrations.md", 4): """
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...

class Order(Base):
    __tablename__ = "orders"
    email: Mapped[str] = mapped_column(primary_key=True)

engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://"))
blocking_engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
Base.metadata.create_all(blocking_engine)
""",
    # Flask asks where the module is.
    ("integrations.md", 5): "__name__ = 'tests'",
    ("integrations.md", 7): "SECRET = 'a secret for the tests alone'",
    ("postgres.md", 1): "CA_PEM = CLIENT_PEM = KEY_PEM = 'PEM text'",
    ("redis.md", 1): """
from tests.certificates import Authority
authority = Authority()
CA_PEM, client = authority.pem, authority.client("app")
CLIENT_PEM, KEY_PEM = client.cert, client.key
""",
    ("redis.md", 3): "url = redis_store_url\nqueue = JobQueue(url)",
}

# What must be true after the last block of a page.
AFTER = {
    "README.md": """
assert queue.count_jobs(job_type="send_email") == 1
with psycopg.connect(url) as connection:
    assert connection.execute("select count(*) from account").fetchone() == (1,)
""",
    "adding.md": """
assert queue.wait_for_job(job_id, 0).status == "completed"
assert queue.count_jobs() == 14
with psycopg.connect(url) as connection:
    assert connection.execute("select count(*) from account").fetchone() == (3,)
""",
    "getting-started.md": "assert (job.status, job.output) == ('completed', None)",
    "dashboard.md": """
from starlette.testclient import TestClient
assert [path for path, _ in mounted] == ["/admin/jobs", "/admin/jobs"]
assert [TestClient(dashboard).get("/jobs").status_code for _, dashboard in mounted] == [200, 401]
assert callable(app.wsgi_app) and callable(application)
""",
    "schedules.md": """
assert (schedule.cron_expression, schedule.status) == ("0 */2 * * *", "active")
assert [one.schedule_name for one in active] == ["daily report", "generate_report"]
assert [one.schedule_name for one in queue.list_cron_jobs()] == ["generate_report"]
""",
    "waiting.md": """
assert app.mounted == ["/tokens"]
handlers.job("resize")(lambda payload: payload["url"] + ".small")
job_id = queue.add_job("album", ["a", "b"])
processor = queue.create_processor(handlers, concurrency=1)
processor.start_in_background()
assert queue.wait_for_job(job_id, 30).output == ["a.small", "b.small"]
processor.stop_and_drain()
orders = [queue.add_job("order", {"card": "1", "to": "x"}), queue.add_job("onboarding", {"to": "y"})]
queue.create_processor(handlers).start()
assert [queue.get_job(one).status.value for one in orders] == ["completed", "waiting"]
assert mails.popleft() and mails.popleft()
""",
    "integrations.md": """
from starlette.testclient import TestClient

assert send_receipt(7) == "receipt 7" and TASKS["default"]["QUEUES"] == ["default", "mails"]
with TestClient(app) as client:
    added = client.post("/accounts/ada@example.com").json()
    assert queue.wait_for_job(added, 30).status == "completed"
    asked = client.get("/cron/jobs", headers={"authorization": f"Bearer {SECRET}"}, follow_redirects=False)
    assert asked.status_code == 200 and asked.json().keys() == {"processed"}
on_postgres = FastAPI(lifespan=queue_lifespan(queue_url))
on_postgres.post("/orders/{email}")(add_order)
with TestClient(on_postgres, raise_server_exceptions=False) as client, JobQueue(queue_url) as beside:
    assert beside.get_job(client.post("/orders/eve").json()) is not None
    assert client.post("/orders/eve").status_code == 500
    assert beside.count_jobs() == 1
assert [job.payload["to"] for job in queue.get_jobs(job_type="send_email")] == ["ada@example.com", "bob@example.com"]
shop = create_app()
reminder = shop.test_client().post("/reminders/bob").json["job"]
dataqueue.create_processor(shop).start()
assert queue.wait_for_job(reminder, 0).output == "shop@example.com reminds bob"
dataqueue.queue_of(shop).close()
blocking_engine.dispose()
await engine.dispose()
""",
    "limits.md": """
assert processor.start() == 2
assert queue.paused() == []
jobs = [queue.add_job("translate", {"answer": answer}) for answer in ("", "429 Too Many Requests")]
assert queue.create_processor(handlers).start() == 2
assert [queue.get_job(job_id).status.value for job_id in jobs] == ["completed", "waiting"]
late = queue.add_job("translate", {})
assert queue.create_processor(handlers).start() == 0
assert queue.get_job(late).status == "pending"
""",
    "testing.md": """
with VirtualQueue(start=datetime(2030, 1, 1, tzinfo=UTC)) as queue:
    test_new_year(queue)
""",
    "timeouts.md": """
assert queue.get_job(job_id).status == "cancelled"
job_id = queue.add_job(export, Report(parts=[1, 2]))
only = JobHandlers({"export": export})
assert queue.create_processor(only).start() == 1
assert (queue.wait_for_job(job_id, 0).status, written) == ("completed", [1, 2])
""",
    "metrics.md": """
assert (emails.completed, traffic.completed["send_email"], len(traffic.points)) == (1, 1, 61)
""",
    "processing.md": """
assert done == SupervisorRun() and not supervisor.is_running()
assert "resize" in handlers and processed == 0 and not processor.is_running()
""",
}


@dataclass
class Block:
    """A piece of code on a page."""

    page: Path
    line: int
    code: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in BLOCK.finditer(text):
        indent, code = found.groups()
        lines = [line.removeprefix(indent) for line in code.splitlines()]
        yield Block(page, text[: found.start(2)].count("\n"), "\n".join(lines) + "\n")


async def run(block: Block, names: dict[str, Any]) -> None:
    """Runs code that may await; its lines keep their numbers."""
    code = compile(
        "\n" * block.line + block.code,
        str(block.page),
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        dont_inherit=True,
    )
    awaited = eval(code, names)
    if inspect.isawaitable(awaited):
        await awaited


@pytest.fixture
def names(postgres_url: str, postgres_store_url: str, redis_store_url: str, schema: str) -> dict[str, Any]:
    """What every block may use: `url` is that of the reader's own tables, `queue_url` that of a queue beside them."""
    known: dict[str, Any] = {name: getattr(dataqueue, name) for name in dataqueue.__all__}
    exec(
        "import psycopg\nfrom datetime import UTC, datetime, timedelta\nfrom pydantic import BaseModel",
        known,
    )
    own = with_parameter(postgres_url, "options", f"-csearch_path%3D{schema}")
    return known | {"url": own, "queue_url": postgres_store_url, "redis_store_url": redis_store_url}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
async def test_the_blocks_of_a_page_run(
    page: Path, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for variable in ("DATAQUEUE_URL", "PG_DATAQUEUE_DATABASE"):
        monkeypatch.delenv(variable, raising=False)
    name = page.name
    try:
        for number, block in enumerate(blocks(page)):
            await run(Block(Path(f"what {name} takes for granted"), 0, GRANTED.get((name, number), "")), names)
            if file := re.match(r"# (\w+\.py)\n", block.code):
                (tmp_path / file[1]).write_text(block.code)
            await run(block, names)
        await run(Block(Path(f"what {name} led to"), 0, AFTER.get(name, "")), names)
    finally:
        sys.modules.pop("jobs", None)
        for thing in names.values():
            if isinstance(thing, dataqueue.JobQueue):
                thing.close()
            elif isinstance(thing, dataqueue.AsyncJobQueue):
                await thing.close()


def test_what_pages_take_for_granted_is_of_blocks_that_there_are() -> None:
    numbers = {page.name: len(list(blocks(page))) for page in PAGES}
    assert sum(numbers.values()) > 10
    for name, number in GRANTED:
        assert number < numbers[name]
    assert set(AFTER) <= set(numbers)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_test_that_a_page_names_is_there() -> None:
    page = ROOT / "docs" / "reliability.md"
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", page.read_text())
    assert len(named) > 20
    for file, name in named:
        text = (ROOT / file).read_text()
        assert re.search(rf"^\s*(?:async )?def {name}\(|^(?:pub async )?fn {name}\(", text, re.MULTILINE), (
            f"{file}::{name}"
        )
