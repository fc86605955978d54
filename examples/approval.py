"""An expense that a person has to approve: the job waits for the answer, two days at most, and holds nothing meanwhile.

    DATAQUEUE_URL=sqlite:///jobs.db python examples/approval.py claim "Train to Lisbon" 84.50 grace@example.com

prints what the manager would find in a mail. In another terminal:

    DATAQUEUE_URL=sqlite:///jobs.db python examples/approval.py decide TOKEN approve
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pydantic import BaseModel

from dataqueue import AsyncJobContext, JobHandlers, JobQueue

LEDGER = "EXAMPLE_LEDGER"


class Expense(BaseModel):
    """What somebody paid, and who decides whether they get it back."""

    text: str
    amount: float
    manager: str


class Decision(BaseModel):
    """The manager's answer."""

    approved: bool


handlers = JobHandlers()


@handlers.job("expense", max_attempts=5)
async def expense(claim: Expense, *, ctx: AsyncJobContext) -> str:
    """Asks the manager, waits for the answer, and acts on it."""
    token = await ctx.create_token(timeout="48h", tags=["approval"])
    await ctx.run("ask", lambda: act("ask", f"{claim.manager} about {claim.text}: {token.id}"))
    answer = await ctx.wait_for_token(token, result_type=Decision)
    if not answer.ok:
        await ctx.run("escalate", lambda: act("escalate", claim.text))
        return "escalated"
    if not answer.output.approved:
        await ctx.run("decline", lambda: act("decline", claim.text))
        return "declined"
    await ctx.run("pay", lambda: act("pay", f"{claim.amount:.2f} for {claim.text}"))
    return "paid"


def act(what: str, details: str) -> None:
    """Does something in the world: a line to the terminal, and to the file that `$EXAMPLE_LEDGER` names."""
    print(f"{what} {details}", flush=True)
    if ledger := os.environ.get(LEDGER):
        with Path(ledger).open("a") as file:
            file.write(f"{what} {details}\n")


def main() -> None:
    """Hands in an expense and runs a worker until it is decided, or decides one."""
    parser = argparse.ArgumentParser(description="Hand in an expense, or decide one.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    claim = verbs.add_parser("claim")
    claim.add_argument("text")
    claim.add_argument("amount", type=float)
    claim.add_argument("manager")
    decide = verbs.add_parser("decide")
    decide.add_argument("token")
    decide.add_argument("answer", choices=["approve", "decline"])
    given = parser.parse_args()
    with JobQueue() as queue:
        queue.migrate()
        if given.verb == "decide":
            done = queue.complete_token(given.token, {"approved": given.answer == "approve"})
            print("thank you" if done else "this was decided before, or its time is up")
            return
        job_id = queue.add_job(expense, Expense(text=given.text, amount=given.amount, manager=given.manager))
        processor = queue.create_processor(handlers)
        processor.start_in_background()
        job = queue.wait_for_job(job_id)
        processor.stop_and_drain()
    print(f"job {job.id} {job.status}: {job.output}")


if __name__ == "__main__":
    main()
