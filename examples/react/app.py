"""A FastAPI application whose page follows a running job with React: its bar moves as the handler reports.

cd react && npm ci && npm run build && npm run example
cd ../examples/react && uvicorn app:app
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from dataqueue import AsyncJobContext, AsyncJobQueue, JobHandlers
from dataqueue.dashboard import create_dashboard

HERE = Path(__file__).parent


class Video(BaseModel):
    """What to encode."""

    frames: int


handlers = JobHandlers()
queue = AsyncJobQueue()


@handlers.job("encode")
async def encode(payload: Video, *, ctx: AsyncJobContext) -> dict[str, int]:
    """Takes a while, and tells how far it is."""
    for frame in range(payload.frames):
        await asyncio.sleep(0.1)
        await ctx.set_progress(100 * (frame + 1) / payload.frames)
    return {"frames": payload.frames}


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


@app.post("/videos", status_code=202)
async def add_video(video: Video) -> dict[str, int]:
    """Adds a job."""
    return {"job": await queue.add_job(encode, video)}


@app.get("/")
async def page() -> FileResponse:
    """The page."""
    return FileResponse(HERE / "index.html")


# Whoever sees the page may see every job here: an application with customers asks who they are.
app.mount("/queue", create_dashboard(queue, read_only=True, auth=lambda request: "viewer"))
app.mount("/dist", StaticFiles(directory=HERE / "dist", check_dir=False))
