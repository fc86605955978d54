"""`dataqueue top`: one frame where there is no terminal, and a live view in one."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dataqueue import Count, Job, Paused, TypeDepth
from dataqueue.cli.top.drawing import draw
from dataqueue.cli.top.following import Failure
from dataqueue.cli.top.reading import Frame, Reader, RunningJob
from tests.processes import PATIENCE, until
from tests.python.cli.conftest import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataqueue import JobQueue
    from tests.python.cli.conftest import Cli


def fail(payload: Any) -> None:
    raise RuntimeError("no luck")


def test_a_frame_has_depths_running_jobs_and_failures(cli: Cli, jobs: JobQueue) -> None:
    jobs.add_job("fail", None, max_attempts=1)
    jobs.create_processor({"fail": fail}).start()
    jobs.add_jobs([Job("mail", None), Job("mail", None), Job("report", None)])
    jobs.pause("mail")

    def work(payload: Any, *, ctx: Any) -> None:
        ctx.set_progress(40)
        ctx.signal.wait(PATIENCE)

    running = jobs.add_job("work", None)
    processor = jobs.create_processor({"work": work}, worker_id="w1")
    processor.start_in_background()
    try:
        until(lambda: [one.progress for one in jobs.get_jobs(status="processing")] == [40], "the job reports")
        frame = cli.json("top", "--interval", "0.1")
        assert {name: count["value"] for name, count in frame["counts"].items() if count["value"]} == {
            "pending": 3,
            "processing": 1,
            "failed": 1,
        }
        mail, report = sorted(frame["types"], key=lambda one: str(one["job_type"]))
        assert mail["ready"] == {"value": 2, "kind": "exact"}
        assert (mail["is_paused"], report["job_type"], report["is_handled"]) == (True, "report", False)
        assert [(one["id"], one["progress"], one["locked_by"]) for one in frame["running"]] == [(running, 40, "w1")]
        assert [(one["job_type"], one["message"]) for one in frame["failures"]] == [("fail", "no luck")]
        assert frame["paused"] == [{"job_type": "mail", "group": None}]
        text = cli("top", "--once", "--interval", "0.1")
        for part in ("3 pending", "40 %", "no luck", "paused: type mail", "no worker", "completed/s"):
            assert part in text.stdout, part
        assert cli("top", "--interval", "0.1").stdout.count("dataqueue top") == 1
    finally:
        processor.stop()


def test_rates_are_counted_by_events(jobs: JobQueue) -> None:
    def even(payload: int) -> None:
        if payload % 2:
            raise RuntimeError(f"odd {payload}")

    with Reader(jobs) as reader:
        assert reader.read().completed_per_second == 0
        began = time.monotonic()
        jobs.add_jobs([Job("even", number, max_attempts=1) for number in range(20)])
        jobs.create_processor({"even": even}, batch_size=20).start()
        seen = [0.0, 0.0]
        newest: list[Failure] = []

        def is_counted() -> bool:
            before = time.monotonic()
            frame = reader.read()
            seen[0] += frame.completed_per_second
            seen[1] += frame.failed_per_second
            newest[:] = frame.failures
            assert before >= began
            return len(newest) == 10 and min(seen) > 0

        until(is_counted, "the ends are counted")
    assert all(one.message.startswith("odd") and one.job_type == "even" for one in newest)
    assert not any(one.will_retry for one in newest)


def test_a_frame_fits_the_terminal() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    frame = Frame(
        at=now,
        store="postgresql://app@db/app",
        counts={"pending": Count(12_345), "processing": Count(7), "completed": Count(1_200_000, "estimate")},
        types=[TypeDepth("type" * 20, Count(1), Count(2), now, is_handled=False, is_paused=False)] * 12,
        completed_per_second=1_234.5,
        failed_per_second=0.0,
        running=[RunningJob(1, "mail\x1b[2J", "worker", 61.0, 1, 50)] * 50,
        failures=[Failure(2, None, now, "why " * 50, False)] * 20,
        paused=[Paused(group="g")],
    )
    for width, height in ((80, 24), (40, 10), (200, 60), (20, 3)):
        lines = [plain(line) for line in draw(frame, width, height)]
        assert len(lines) < height
        assert max(map(len, lines)) <= width, (width, lines)
        assert not any("\x1b" in line for line in lines)
    whole = "\n".join(draw(frame))
    assert whole.count("mail\\x1b[2J") == 50
    assert "1,234.5 completed/s" in whole
    assert "~1.2 M completed" in plain(whole)


def plain(line: str) -> str:
    """A line without colours."""
    for code in ("0", "1", "31", "32", "33", "34", "35", "36", "90"):
        line = line.replace(f"\x1b[{code}m", "")
    return line


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
class TestLive:
    """In a pseudo-terminal."""

    @pytest.fixture
    def terminal(self) -> Iterator[tuple[int, int]]:
        import pty

        ours, theirs = pty.openpty()
        yield ours, theirs
        os.close(ours)

    @pytest.mark.parametrize("way", ["q", "ctrl-c", "sigterm"])
    def test_it_is_drawn_until_it_is_ended(self, cli: Cli, jobs: JobQueue, terminal: tuple[int, int], way: str) -> None:
        import fcntl
        import struct
        import termios

        ours, theirs = terminal
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
        before = termios.tcgetattr(theirs)

        def take_terminal() -> None:
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            # Whoever runs the tests in the background has it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        jobs.add_job("mail", None)
        process = subprocess.Popen(
            [*COMMAND, "top", "--interval", "0.2", "--url", cli.url],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        shown = ""

        def read() -> str:
            nonlocal shown
            while select.select([ours], [], [], 0)[0]:
                try:
                    shown += os.read(ours, 65_536).decode(errors="replace")
                except OSError:
                    break
            return shown

        try:
            until(lambda: "1 pending" in read(), "it shows the job")
            jobs.add_job("mail", None)
            until(lambda: "2 pending" in read(), "it shows the other")
            if way == "sigterm":
                process.send_signal(signal.SIGTERM)
            else:
                os.write(ours, b"xq" if way == "q" else b"\x03")
            assert process.wait(PATIENCE) == (143 if way == "sigterm" else 0)
        finally:
            process.kill()
            process.wait()
        assert read().startswith("\x1b[?1049h")
        assert shown.rstrip().endswith("\x1b[?1049l")
        assert "Traceback" not in shown
        assert termios.tcgetattr(theirs) == before
        os.close(theirs)
