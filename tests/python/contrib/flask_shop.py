"""An application of Flask's in a factory, as a worker command loads it."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, current_app, g

from dataqueue.contrib.flask import Dataqueue

dataqueue = Dataqueue()
torn_down: list[Any] = []


@dataqueue.handlers.job("whose")
def whose(payload: int) -> list[Any]:
    g.seen = [*g.get("seen", []), payload]
    return [current_app.config["OWNER"], g.seen, os.getpid()]


@dataqueue.handlers.job("whose_async")
async def whose_async(payload: int) -> list[Any]:
    g.seen = [*g.get("seen", []), payload]
    return [current_app.config["OWNER"], g.seen]


@dataqueue.handlers.job("apart", run_in="process")
def apart(payload: int) -> list[Any]:
    return [current_app.config["OWNER"], os.getpid()]


@dataqueue.handlers.job("fails", max_attempts=1)
def fails(payload: int) -> None:
    raise KeyError(current_app.name)


def create_app(owner: str = "ada", url: str | None = None) -> Flask:
    app = Flask("shop")
    app.config.update(OWNER=owner, DATAQUEUE_URL=url or os.environ["SHOP_URL"])
    dataqueue.init_app(app)

    @app.post("/<int:number>")
    def add(number: int) -> dict[str, int]:
        return {"job": dataqueue.queue.add_job(whose, number)}

    @app.teardown_appcontext
    def tear_down(error: BaseException | None) -> None:
        torn_down.append((owner, repr(error)))

    return app
