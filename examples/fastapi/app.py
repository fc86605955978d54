"""A FastAPI application that greets people by jobs, with the dashboard below `/admin/jobs`.

ADMIN_PASSWORD=secret uvicorn app:app
"""

from __future__ import annotations

import os

from fastapi import FastAPI
from pydantic import BaseModel

from dataqueue import AsyncJobQueue, JobHandlers
from dataqueue.contrib.fastapi import Queue, queue_lifespan
from dataqueue.dashboard import basic_auth, create_dashboard


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


handlers = JobHandlers()
queue = AsyncJobQueue()


@handlers.job("greet")
async def greet(payload: Greeting) -> str:
    """Greets somebody."""
    return f"Hello, {payload.name}!"


# The dashboard needs the queue before the application begins; whoever has none gives the lifespan a URL.
app = FastAPI(lifespan=queue_lifespan(queue, handlers=handlers, migrate=True))


@app.post("/greetings/{name}", status_code=202)
async def add_greeting(name: str, queue: Queue) -> dict[str, int]:
    """Adds a job."""
    return {"job": await queue.add_job(greet, Greeting(name=name))}


auth = basic_auth({"admin": (os.environ["ADMIN_PASSWORD"], "admin")})
app.mount("/admin/jobs", create_dashboard(queue, handlers, auth=auth))
