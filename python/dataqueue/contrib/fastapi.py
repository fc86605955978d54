"""A queue for the life of a FastAPI application, and dependencies that give it. Needs `dataqueue[fastapi]`.

```python
app = FastAPI(lifespan=queue_lifespan(handlers=handlers))

@app.post("/accounts")
async def add_account(account: Account, queue: Queue, session: SessionDep) -> None:
    async with session.begin():
        session.add(account)
        await queue.add_job(send_email, SendEmail(to=account.email), connection=session)
```
"""

from __future__ import annotations

from typing import Annotated

try:
    from fastapi import Depends
except ImportError as error:
    raise ImportError("this needs the package fastapi: pip install 'dataqueue[fastapi]'") from error

from ..aio import AsyncJobQueue
from ..blocking import JobQueue
from .starlette import get_blocking_queue, get_queue, queue_lifespan

__all__ = ["BlockingQueue", "Queue", "get_blocking_queue", "get_queue", "queue_lifespan"]

Queue = Annotated[AsyncJobQueue, Depends(get_queue)]
"""The application's queue, for `async def` endpoints."""

BlockingQueue = Annotated[JobQueue, Depends(get_blocking_queue)]
"""Its blocking twin on the same connections, for `def` endpoints, and with SQLAlchemy's `Session`."""
