"""Runs the version before and this one side by side on each store, under load: `make upgrade-test`, ARGS="--ref v1.2".

The version before is built from git. It sets the store up and works; in the middle this version migrates and joins;
then the one before is drained, comes back as after a deploy that was rolled back, and leaves. Jobs are added by both.
In the end no job may be lost, no result doubled, and each job's history has to be a legal path.

Where a migration between them breaks with the version before, that one is stopped first, in the middle of its work, and
has to refuse the new schema.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dataqueue import JobQueue
from tests.chaos.files import check_file
from tests.chaos.ledger import VARIABLE, read_lines, read_runs
from tests.chaos.legality import check_store
from tests.chaos.progress import is_done
from tests.conftest import fresh_prefix, fresh_schema, with_parameter
from tests.processes import until
from tests.redis_servers import REDIS_VARIABLE
from tests.servers import POSTGRES_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
TARGET = "tests.chaos.handlers:handlers"
FLEET = ("--processes", "2", "--concurrency", "3", "--batch-size", "5", "--lease", "5", "--poll-interval", "0.5")
PATIENCE = 300.0


def git(*arguments: str) -> str:
    """What git answers."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def version_before() -> str:
    """The last release, or where this branch left the main one."""
    try:
        return git("describe", "--tags", "--abbrev=0")
    except subprocess.CalledProcessError:
        return git("merge-base", "HEAD", "main")


def build(ref: str) -> Path:
    """A tree of that version, with its library built; kept under `target/`."""
    commit = git("rev-parse", f"{ref}^{{commit}}")
    tree = ROOT / "target" / "upgrade" / commit[:12]
    if not tree.exists():
        git("worktree", "prune")
        git("worktree", "add", "--detach", str(tree), commit)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target" / "upgrade" / "target")}
    environment.pop("PYTHONPATH", None)
    subprocess.run(["make", ".venv/.built"], cwd=tree, env=environment, check=True)
    return tree


class Version:
    """One version of the library, and the processes of it that run."""

    def __init__(self, name: str, tree: Path, url: str, folder: Path) -> None:
        self.name, self.url, self._tree, self._folder = name, url, tree, folder
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str) -> None:
        """Runs a command to its end."""
        self._wait(self._start(*arguments))

    def add(self, name: str, count: int) -> subprocess.Popen[bytes]:
        """Begins to add jobs."""
        return self._start("-m", "tests.chaos.adder", self.url, f"{self.name}-{name}", str(count))

    def work(self) -> subprocess.Popen[bytes]:
        """Starts a fleet."""
        main = "from dataqueue.cli import main; main()"
        return self._start("-c", main, "worker", TARGET, "--url", self.url, *FLEET)

    def drain(self, fleet: subprocess.Popen[bytes]) -> None:
        """Ends a fleet in good order."""
        fleet.send_signal(signal.SIGTERM)
        self._wait(fleet)

    def wait(self, *processes: subprocess.Popen[bytes]) -> None:
        """Waits for processes that end by themselves."""
        for process in processes:
            self._wait(process)

    def migrate(self) -> None:
        """Brings the schema up."""
        self.run("-c", "import sys; from dataqueue import JobQueue; JobQueue(sys.argv[1]).migrate()", self.url)

    def is_refused(self) -> bool:
        """Whether the schema is refused."""
        code = "import sys; from dataqueue import JobQueue; JobQueue(sys.argv[1]).get_job(1)"
        code_of_end = self._start("-c", code, self.url).wait(PATIENCE)
        return code_of_end != 0 and "MigrationRequired" in (self._folder / f"{self.name}.log").read_text()

    def end(self) -> None:
        """Kills what still runs."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, VARIABLE: str(self._folder / "ledger.jsonl"), "PYTHONPATH": str(self._tree)}
        with (self._folder / f"{self.name}.log").open("ab") as log:
            python = str(self._tree / ".venv" / "bin" / "python")
            process = subprocess.Popen(
                [python, *arguments], cwd=self._tree, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._running.append(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait(PATIENCE)
        log = (self._folder / f"{self.name}.log").read_text()
        assert code == 0, f"{self.name} ended with {code}:\n{log[-4_000:]}"


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """A URL of a fresh store of each kind."""
    with ExitStack() as stack:
        schema = stack.enter_context(fresh_schema(os.environ[POSTGRES_VARIABLE]))
        yield {
            "sqlite": f"sqlite:///{folder / 'jobs.db'}",
            "postgres": with_parameter(os.environ[POSTGRES_VARIABLE], "schema", schema),
            "redis": stack.enter_context(fresh_prefix(os.environ[REDIS_VARIABLE])),
        }


def upgrade(old: Version, new: Version, ledger: Path, count: int, *, back: bool) -> None:
    """The way from one version to the other, and back, and forth again.

    How far they are is seen in the ledger: a look at the store by this process would migrate it, where opening does.
    """

    def has_run(runs: int) -> Callable[[], bool]:
        return lambda: sum(line["what"] == "ended" for line in read_lines(ledger)) >= runs

    def all_are_at_work() -> bool:
        at_work = {(line["what"], line["pid"]) for line in read_lines(ledger)}
        return all(sum(what == kind for what, _ in at_work) >= 2 for kind in ("added", "began"))

    old.migrate()
    adding = [old.add("a", count), old.add("b", count)]
    before = old.work()
    until(has_run(count // 4), f"{old.name} works", PATIENCE)
    until(all_are_at_work, f"every process of {old.name} is at work", PATIENCE)
    new.migrate()
    joining = [new.add("a", count)]
    after = new.work()
    until(has_run(count), "both work side by side", PATIENCE)
    old.drain(before)
    until(has_run(count + count // 4), f"{new.name} works on alone", PATIENCE)
    if back:
        again = old.work()
        new.drain(after)
        until(has_run(count + count // 2), f"{old.name} works on the newer schema, as after a roll-back", PATIENCE)
        after = new.work()
        old.drain(again)
    old.wait(*adding)
    new.wait(*joining)
    with JobQueue(new.url) as queue:
        until(is_done(queue), "every job ended", PATIENCE)
    new.drain(after)


def breaks(tree: Path, store: str) -> bool:
    """Whether a migration that this version added breaks with the version of a tree."""
    added = (ROOT / "migrations" / store).glob("*_breaking_*.up.sql")
    return any(not (tree / "migrations" / store / file.name).exists() for file in added)


def replace(old: Version, new: Version, ledger: Path, count: int) -> None:
    """The way from one version to another that breaks with it: stop, migrate, start."""
    old.migrate()
    adding = [old.add("a", count), old.add("b", count)]
    before = old.work()

    def is_at_work() -> bool:
        return len([line for line in read_lines(ledger) if line["what"] == "ended"]) >= count // 4

    until(is_at_work, f"{old.name} works", PATIENCE)
    old.wait(*adding)
    old.drain(before)
    new.migrate()
    assert old.is_refused(), f"{old.name} works on a schema that breaks with it"
    new.wait(new.add("a", count))
    after = new.work()
    with JobQueue(new.url) as queue:
        until(is_done(queue), "every job ended", PATIENCE)
    new.drain(after)


def check(queue: JobQueue, folder: Path, count: int) -> str:
    """Holds what became of the jobs against what both versions wrote down."""
    jobs = check_store(queue, read_runs(folder / "ledger.jsonl"))
    assert len(jobs) == 3 * count, len(jobs)
    assert {job.status.value for job in jobs} == {"completed"}
    accepted = {(line["job"], line["key"]) for line in read_lines(folder / "ledger.jsonl") if line["what"] == "added"}
    assert accepted == {(job.id, job.idempotency_key) for job in jobs}
    wanted = {"fails_twice": 3}
    assert all(job.attempts == wanted.get(job.job_type, 1) for job in jobs), "a deploy burnt an attempt"
    return f"{len(jobs)} jobs, 0 lost, 0 doubled, 0 illegal paths"


def main() -> None:
    """Builds, runs, and tells how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ref", help="the version before; the last tag, or where this branch left main, if left out")
    parser.add_argument("--jobs", type=int, default=1_500, help="jobs of each adder, of which there are three")
    parser.add_argument("--store", action="append", choices=["sqlite", "postgres", "redis"], help="only this one")
    one_way = "without the way back, for a version before that takes no schema newer than its own"
    parser.add_argument("--one-way", action="store_true", help=one_way)
    given = parser.parse_args()
    ref = given.ref or version_before()
    tree = build(ref)
    print(f"from {ref} ({tree.name}) to this tree ({git('describe', '--always', '--dirty')})", flush=True)
    with tempfile.TemporaryDirectory() as place, stores(Path(place)) as urls:
        for store in given.store or list(urls):
            folder = Path(place) / store
            folder.mkdir()
            old, new = (Version(name, at, urls[store], folder) for name, at in (("old", tree), ("new", ROOT)))
            try:
                if breaks(tree, store):
                    replace(old, new, folder / "ledger.jsonl", given.jobs)
                else:
                    upgrade(old, new, folder / "ledger.jsonl", given.jobs, back=not given.one_way)
                with JobQueue(urls[store]) as queue:
                    told = check(queue, folder, given.jobs)
                check_file(urls[store])
            except BaseException:
                for log in sorted(folder.glob("*.log")):
                    print(f"--- {store}: {log.name}\n{log.read_text()[-4_000:]}", file=sys.stderr)
                raise
            finally:
                old.end()
                new.end()
            print(f"{store}: {told}", flush=True)


if __name__ == "__main__":
    main()
