"""Tests that are wrong: each marked line is an error, and no other."""

from __future__ import annotations

from dataqueue import JobQueue
from dataqueue.testing import AsyncVirtualQueue, VirtualQueue


def advance(queue: VirtualQueue) -> None:
    queue.advance(fortnights=1)  # mypy: call-arg; pyright: reportCallIssue
    queue.advance("1 day")  # mypy: arg-type; pyright: reportArgumentType
    queue.drain(10)  # mypy: arg-type call-arg; pyright: reportCallIssue
    queue.assert_enqueued(status="failed")  # mypy: call-arg; pyright: reportCallIssue


def use(queue: JobQueue) -> None:
    queue.drain()  # mypy: attr-defined; pyright: reportAttributeAccessIssue


def give(queue: AsyncVirtualQueue) -> None:
    use(queue)  # mypy: arg-type; pyright: reportArgumentType


def make() -> None:
    VirtualQueue(start="2030-01-01")  # mypy: arg-type; pyright: reportArgumentType
    VirtualQueue(handler={})  # mypy: call-arg; pyright: reportCallIssue
