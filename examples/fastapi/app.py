"""A FastAPI application that greets people by jobs, with the dashboard below `/admin/jobs`.

ADMIN_PASSWORD=secret uvicorn app:app
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel

from dataqueue import AsyncJobQueue, JobHandlers
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


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Works on jobs while the application runs."""
    await queue.migrate()
    processor = queue.create_processor(handlers)
    processor.start_in_background()
    yield
    await processor.stop_and_drain()
    await queue.close()


app = FastAPI(lifespan=lifespan)


@app.post("/greetings/{name}", status_code=202)
async def add_greeting(name: str) -> dict[str, int]:
    """Adds a job."""
    return {"job": await queue.add_job(greet, Greeting(name=name))}


auth = basic_auth({"admin": (os.environ["ADMIN_PASSWORD"], "admin")})
app.mount("/admin/jobs", create_dashboard(queue, handlers, auth=auth))
