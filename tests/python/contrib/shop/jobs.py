"""Handlers without a task framework."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

from dataqueue import JobHandlers

handlers = JobHandlers()


@handlers.job("ask")
def ask(payload: int) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute("select %s::int", [payload])
        return [cursor.fetchone()[0], apps.ready]


@handlers.job("ask_async")
async def ask_async(payload: int) -> int:
    return payload
