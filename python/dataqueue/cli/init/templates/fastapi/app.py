"""The application: `uvicorn app:app --reload`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import environment
import fastapi
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse
from jobs import Report, handlers, make_report
from progress import LARGEST_ID, shown

from dataqueue import AsyncJobQueue
from dataqueue.dashboard import basic_auth, create_dashboard

environment.load()
# One for the process: it holds the connections.
queue = AsyncJobQueue()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Closes the queue when the application ends."""
    yield
    await queue.close()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def page() -> FileResponse:
    """The page, which adds jobs and follows them."""
    return FileResponse(Path(__file__).with_name("page.html"))


@app.post("/reports", status_code=202)
async def add_report(report: Report) -> dict[str, int]:
    """Adds a job."""
    return {"job": await queue.add_job(make_report, report)}


@app.get("/progress/api/jobs/{job_id}")
async def progress(job_id: Annotated[int, fastapi.Path(ge=1, le=LARGEST_ID)]) -> dict[str, Any]:
    """How far a job is."""
    told = shown(await queue.get_job(job_id))
    if told is None:
        raise HTTPException(404, "there is no such report")
    return told


auth = basic_auth({"admin": (os.environ["DASHBOARD_PASSWORD"], "admin")})
app.mount("/admin/jobs", create_dashboard(queue, handlers, auth=auth))
