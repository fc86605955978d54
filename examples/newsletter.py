"""A mailer for many customers: each may have two mails under way at a time, whoever pays for gold has eight.

A customer with ten thousand readers does not keep another's one mail waiting:

    DATAQUEUE_URL=sqlite:///jobs.db python examples/newsletter.py acme:5000 globex:3:gold initech:1
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from pydantic import BaseModel

from dataqueue import Job, JobGroup, JobHandlers, JobQueue

LEDGER = "EXAMPLE_LEDGER"
LIMITS = {"gold": 8, None: 2}


class Mail(BaseModel):
    """One mail of one customer."""

    customer: str
    reader: int


handlers = JobHandlers()


@handlers.job("mail", timeout=30)
async def mail(wanted: Mail) -> None:
    """Sends the mail."""
    await send(wanted)


async def send(wanted: Mail) -> None:
    """Keeps a line about the mail in the file that `$EXAMPLE_LEDGER` names; a real one takes about as long."""
    await asyncio.sleep(0.01)
    await asyncio.to_thread(note, f"{wanted.customer} {wanted.reader}")


def note(line: str) -> None:
    """Keeps a line in the file that `$EXAMPLE_LEDGER` names."""
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as lines:
            lines.write(f"{line}\n")


def mails(customer: str, count: int, tier: str | None) -> list[Job[Mail]]:
    """The mails of a customer."""
    group = JobGroup(customer, tier)
    return [Job(mail, Mail(customer=customer, reader=reader), group=group) for reader in range(count)]


def main() -> None:
    """Adds the mails of all customers and runs a worker until they are sent."""
    parser = argparse.ArgumentParser(description="Send mails for customers.")
    parser.add_argument("customers", nargs="+", metavar="NAME:MAILS[:TIER]")
    with JobQueue() as queue:
        queue.migrate()
        ids = []
        for customer in parser.parse_args().customers:
            name, count, *tier = customer.split(":")
            ids += queue.add_jobs(mails(name, int(count), tier[0] if tier else None))
        processor = queue.create_processor(handlers, concurrency=20, group_concurrency=LIMITS)
        processor.start_in_background()
        for job_id in ids:
            queue.wait_for_job(job_id)
        processor.stop_and_drain()
    print(f"{len(ids)} mails were sent")


if __name__ == "__main__":
    main()
