# %% before block 0
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")

queue = JobQueue('sqlite:///jobs.db')

# %% before block 1
class Image(BaseModel): ...

# %% before block 3
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

# %% before block 4
middled = queue.add_job("whose", {"tenant": "acme"})
queue.create_processor(handlers).start()
assert queue.get_job(middled).status == "completed", queue.get_job(middled)
assert seen == [("acme", "a session")]
handlers = earlier

# %% after the page
assert done == SupervisorRun() and not supervisor.is_running()
assert "resize" in handlers and processed == 0 and not processor.is_running()
