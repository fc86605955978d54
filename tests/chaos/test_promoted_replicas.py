"""A primary of PostgreSQL that dies under load, and its synchronous replica in its place: nothing accepted is lost."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from dataqueue import BackendUnavailable, JobHandlers, JobQueue
from tests.chaos.conftest import server_binaries
from tests.chaos.legality import all_jobs, check_events
from tests.chaos.progress import is_done
from tests.cluster import Cluster, run_cluster, run_standby
from tests.processes import PATIENCE, until
from tests.proxy import run_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replicated() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary that answers a commit only once its replica has it on the disk, and the replica."""
    with ExitStack() as stack:
        primary = stack.enter_context(run_cluster(server_binaries(), {"wal_level": "replica", "max_wal_senders": "4"}))
        standby = stack.enter_context(run_standby(primary))
        with psycopg.connect(primary.url, autocommit=True) as connection:
            connection.execute("alter system set synchronous_standby_names = '*'")
            connection.execute("select pg_reload_conf()")
            state = "select sync_state from pg_stat_replication"
            until(lambda: connection.execute(state).fetchall() == [("sync",)], "the replica is synchronous")
        yield primary, standby


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["several hosts", "one address"])
def test_nothing_accepted_is_lost_when_a_synchronous_replica_is_promoted(way: str) -> None:
    ran: set[int] = set()
    accepted: dict[int, int] = {}
    over = threading.Event()

    def count(payload: int) -> None:
        ran.add(payload)

    def add(url: str) -> None:
        with JobQueue(url) as adding:
            number = 0
            while not over.is_set():
                try:
                    accepted[number] = int(adding.add_job("count", number, idempotency_key=f"job {number}"))
                except BackendUnavailable:
                    continue
                number += 1

    with replicated() as (primary, standby), run_proxy(primary.port) as proxy:
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        place = hosts if way == "several hosts" else f"{proxy.address}"
        url = f"postgresql://postgres@{place}/postgres?connect_timeout=3&statement_timeout=3"
        with JobQueue(url) as queue:
            queue.migrate()
            processor = queue.create_processor(JobHandlers({"count": count}), lease=3, poll_interval=0.5)
            processor.start_in_background()
            adder = threading.Thread(target=add, args=[url])
            adder.start()
            try:
                until(lambda: len(ran) > 100, "jobs are added and run")
                primary.stop(signal.SIGKILL)
                before = dict(accepted)
                standby.promote()
                proxy.lead_to(standby.port)
                until(lambda: len(accepted) > len(before) + 100, "jobs are added at the new primary")
            finally:
                over.set()
                adder.join(PATIENCE)
            until(is_done(queue), "everything is done")
            assert processor.stop_and_drain(PATIENCE)
            jobs = all_jobs(queue)
            assert set(accepted.values()) <= {job.id for job in jobs}
            assert len({job.payload for job in jobs}) == len(jobs), "one job for each key"
            assert {job.status.value for job in jobs} == {"completed"}
            assert {job.payload for job in jobs} <= ran
            for job in jobs:
                check_events(job, queue.get_job_events(job.id))
