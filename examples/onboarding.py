"""Onboarding over a week, in one handler: a welcome, tips three days later, and a survey four days after that.

Between the mails the job waits without a worker, so it outlives restarts and deployments. A mail that was recorded is
not sent again. To watch it in seconds, let a day last one:

    DATAQUEUE_URL=sqlite:///jobs.db python examples/onboarding.py ada@example.com --day 1
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pydantic import BaseModel

from dataqueue import AsyncJobContext, JobHandlers, JobQueue

LEDGER = "EXAMPLE_LEDGER"
DAY = 24 * 3600.0


class Signup(BaseModel):
    """Somebody who signed up, and how many seconds a day lasts for them."""

    email: str
    day: float = DAY


handlers = JobHandlers()


@handlers.job("onboard", max_attempts=5)
async def onboard(signup: Signup, *, ctx: AsyncJobContext) -> dict[str, int]:
    """Sends three mails in a week."""
    await ctx.run("welcome", lambda: send("welcome", signup.email))
    await ctx.wait_for(3 * signup.day, name="settle in")
    await ctx.run("tips", lambda: send("tips", signup.email))
    await ctx.wait_for(4 * signup.day, name="try things out")
    await ctx.run("survey", lambda: send("survey", signup.email))
    return {"mails": 3}


def send(mail: str, to: str) -> None:
    """Sends a mail: a line to the terminal, and to the file that `$EXAMPLE_LEDGER` names."""
    print(f"to {to}: {mail}")
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as file:
            file.write(f"{mail} {to}\n")


def main() -> None:
    """Signs somebody up and runs a worker until the week is over."""
    parser = argparse.ArgumentParser(description="Onboard somebody.")
    parser.add_argument("email")
    parser.add_argument("--day", type=float, default=DAY, help="how many seconds a day lasts")
    given = parser.parse_args()
    with JobQueue() as queue:
        queue.migrate()
        signup = Signup(email=given.email, day=given.day)
        job_id = queue.add_job(onboard, signup, idempotency_key=f"onboard {given.email}")
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        job = queue.wait_for_job(job_id)
        processor.stop_and_drain()
    print(f"job {job.id} {job.status}: {job.output}")


if __name__ == "__main__":
    main()
