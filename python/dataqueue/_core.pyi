"""The engine, written in Rust. Private: its callers are the modules of this package.

A method that talks to a store answers a `Pending` at once; `Pending.wait()` blocks without the GIL, and
`Pending.deliver()` hands the result to an event loop. Times are integers, microseconds since the Unix epoch;
durations are floats, in seconds, unless the name says otherwise.
"""

from typing import Any, Generic, NotRequired, Self, TypeAlias, TypedDict, TypeVar, final

T = TypeVar("T", covariant=True)

JobTuple: TypeAlias = tuple[
    str,  # job_type
    bytes,  # payload, JSON
    int,  # priority
    int | None,  # run_at; None is now
    int,  # max_attempts
    int | None,  # timeout in milliseconds
    list[str],  # tags
    str | None,  # idempotency_key
    float | None,  # retry_delay
    bool | None,  # retry_backoff
    float | None,  # retry_delay_max
    bool,  # force_kill_on_timeout
    ExtrasDict | None,  # what few jobs have
]

TransferTuple: TypeAlias = tuple[
    JobTuple,  # with an idempotency key
    int,  # the job's id in the other store
    int,  # created_at
    int,  # attempts
    int | None,  # next_attempt_at: failed, with its retry due then
    int | None,  # started_at
    int | None,  # last_failed_at
    int | None,  # last_retried_at
    str | None,  # failure_reason
    bytes,  # error_history, JSON
    bytes,  # step_data, JSON
]

ScheduleTuple: TypeAlias = tuple[
    str,  # schedule_name
    str,  # cron_expression
    str,  # timezone
    bool,  # allow_overlap
    str,  # missed: coalesce, skip or all
    JobTuple,  # the job of each tick, without run_at and idempotency_key
]

TypeLimitsTuple: TypeAlias = tuple[
    str,  # job_type
    int | None,  # max_running
    tuple[str, int, float] | None,  # key of its rate, how many, seconds
]

GroupLimitsTuple: TypeAlias = tuple[
    int | None,  # of groups of any other tier
    dict[str, int],  # of each tier
]

GroupRatesTuple: TypeAlias = tuple[
    tuple[int, float] | None,  # how many in how many seconds, of groups of any other tier
    dict[str, tuple[int, float]],  # of each tier
]

UniqueTuple: TypeAlias = tuple[
    str,  # a digest of what jobs of a kind have in common
    float | None,  # within
    list[str],  # states
    float | None,  # debounce
]

class ExtrasDict(TypedDict):
    group: NotRequired[tuple[str, str | None]]  # id, tier
    dead_letter_job_type: NotRequired[str]
    expires_in: NotRequired[float]
    keep_result_for: NotRequired[float]
    traceparent: NotRequired[str]
    unique: NotRequired[UniqueTuple]
    depends_on: NotRequired[tuple[list[int], list[str]]]  # ids, -1 - i for the i-th job of the call; tags

class FilterDict(TypedDict):
    job_types: NotRequired[list[str]]
    statuses: NotRequired[list[str]]
    priority: NotRequired[int]
    run_at: NotRequired[dict[str, int]]  # gt, gte, lt, lte, eq
    tags: NotRequired[tuple[list[str], str]]  # values, mode
    ids: NotRequired[list[int]]

class SearchDict(TypedDict):
    text: NotRequired[str]
    error: NotRequired[str]
    group: NotRequired[str]
    created_at: NotRequired[dict[str, int]]  # gt, gte, lt, lte, eq
    dead_lettered: NotRequired[bool]

class EditDict(TypedDict):
    payload: NotRequired[bytes]
    priority: NotRequired[int]
    max_attempts: NotRequired[int]
    run_at: NotRequired[int | None]
    timeout_ms: NotRequired[int | None]
    force_kill_on_timeout: NotRequired[bool]
    tags: NotRequired[list[str]]
    retry_delay: NotRequired[float | None]
    retry_backoff: NotRequired[bool | None]
    retry_delay_max: NotRequired[float | None]

class ScheduleEditDict(TypedDict):
    cron_expression: NotRequired[str]
    timezone: NotRequired[str]
    allow_overlap: NotRequired[bool]
    missed: NotRequired[str]
    job_type: NotRequired[str]

@final
class Pending(Generic[T]):
    """A call under way in the engine. It runs to its end whether or not anyone waits.

    Its result is fetched once, in one of the two ways. Those that wait for something to come end when they are dropped:
    `Store.wait_for_end`, `EventTail.next` and `Hooks.happened`.
    """
    def wait(self) -> T:
        """Blocks until the call ended. Signals are handled meanwhile, so Ctrl-C raises `KeyboardInterrupt`."""
    def give_up(self) -> None:
        """Ends a call that waits for something to come, which answers None then; any other runs to its end."""
    def deliver(self, inbox: Inbox, ticket: int) -> None:
        """Puts `(ticket, ok, value or exception)` into `inbox` when the call ends."""

@final
class Inbox:
    """Results on their way to one event loop: the engine writes a byte to the socket `fd` when the first result comes
    in; the loop reads what is there, and only then calls `drain()`."""
    def __new__(cls, fd: int) -> Self: ...
    def drain(self) -> list[tuple[int, bool, Any]]: ...
    def close(self) -> None: ...

@final
class Hooks:
    """What was done through the stores that are observed with it."""
    def __new__(cls) -> Self: ...
    @staticmethod
    def names() -> list[str]:
        """The names of what can happen, in the order of the numbers that `take` gives."""
    def listen(self, wanted: int) -> None:
        """Which to keep from now on, a bit for each of the names."""
    def ready(self) -> Pending[bool]:
        """Waits until there is something to take, or `poke`; False when these were closed and all was taken. A wait that is
        given up takes nothing."""
    def take(self) -> tuple[list[tuple[int, dict[str, Any]]], int]:
        """What happened: `(a list of (number of its name, fields), how many were dropped before)`."""
    def poke(self) -> None:
        """Ends the wait of `ready`."""
    def close(self) -> None:
        """Keeps nothing more; what is there can still be fetched."""

@final
class EventTail:
    """Reads the events of a store as they are written."""
    def __new__(cls, store: Store, kinds: list[str], job_id: int | None) -> Self: ...
    def next(self, after: str | int | None) -> Pending[tuple[list[tuple[dict[str, Any], str]], str]]:
        """Waits for the events behind a place: `(a list of (event, its place), the place behind all of them)`. None is from
        now on: it is answered at once with the place."""

@final
class Store:
    """A store, connected when first used, shareable by queues and threads, reopened by itself after a fork."""
    def __new__(cls, url: str | None, settings: dict[str, str]) -> Self:
        """Reads a URL and settings (named as the URL's query parameters). Raises `ConfigError`."""
    @staticmethod
    def virtual_time(start: int | None, ticks: bool) -> Store:
        """A store in memory whose clock begins at `start`, or now, and is moved by `advance`; it ticks, or stands still."""
    def observed(self, hooks: Hooks) -> Store:
        """The same store for one queue, whose listeners are told of what is done through it."""
    def now(self) -> int:
        """What that clock shows. Raises `UnsupportedBackend` on any other store."""
    def advance(self, micros: int) -> int:
        """Moves it, and answers what it shows then."""
    def next_due(self) -> Pending[int | None]:
        """When the next job, retry, wait or lease of a dead worker falls due, after now."""
    @property
    def backend(self) -> str:
        """`postgresql`, `redis` or `sqlite`."""
    @property
    def location(self) -> str:
        """The URL without its password."""
    @property
    def external_transactions(self) -> bool: ...
    def add(self, jobs: list[JobTuple]) -> Pending[list[tuple[int, bool]]]:
        """Adds jobs, all or none: `(id, created)` in order."""
    def external_add(
        self, jobs: list[JobTuple]
    ) -> tuple[str, str, list[tuple[int, str]], tuple[str, list[int]] | None]:
        """`(insert, lookup, parts, prerequisites)`: SQL with `{param}` where the placeholder of the one text parameter goes, these,
        and SQL that finds the jobs that must exist."""
    def external_ties(self, jobs: list[JobTuple], added: list[tuple[int, bool]]) -> list[tuple[str, str]]:
        """The SQL, each with its parameter, that lets jobs wait which were added so."""
    def receive(self, jobs: list[TransferTuple]) -> Pending[list[tuple[int, bool]]]:
        """Adds jobs of another store with their past: `(id, created)` in order. Safe to repeat."""
    def get_many(self, job_ids: list[int]) -> Pending[list[dict[str, Any]]]:
        """The jobs of these ids that exist, in any order."""
    def get(self, job_id: int) -> Pending[dict[str, Any] | None]: ...
    def find(
        self, filters: FilterDict, limit: int, offset: int, before: int | None
    ) -> Pending[list[dict[str, Any]]]: ...
    def count(self, filters: FilterDict, most: int | None = None) -> Pending[int]:
        """How many match; counting stops at `most`."""
    def events(self, job_id: int) -> Pending[list[dict[str, Any]]]: ...
    def cancel(self, job_id: int, running: bool) -> Pending[bool]:
        """Cancels a job; with `running` one that runs is asked for."""
    def retry(self, job_id: int) -> Pending[bool]: ...
    def edit(self, job_id: int, edit: EditDict) -> Pending[bool]: ...
    def cancel_all(self, filters: FilterDict) -> Pending[int]: ...
    def retry_all(self, filters: FilterDict, every: float | None) -> Pending[int]: ...
    def edit_all(self, filters: FilterDict, edit: EditDict) -> Pending[int]: ...
    def prune_jobs(self, older_than: float, statuses: list[str]) -> Pending[int]: ...
    def prune_payloads(self, older_than: float) -> Pending[int]: ...
    def prune_events(self, older_than: float) -> Pending[int]: ...
    def reclaim_stuck(self, max_processing: float) -> Pending[int]: ...
    def add_schedule(self, schedule: ScheduleTuple) -> Pending[int]: ...
    def edit_schedule(self, schedule_id: int, edit: ScheduleEditDict, job: EditDict) -> Pending[bool]:
        """Changes fields of a schedule and of its jobs, which have no `run_at`."""
    def remove_schedule(self, schedule_id: int) -> Pending[bool]: ...
    def pause_schedule(self, schedule_id: int) -> Pending[bool]: ...
    def resume_schedule(self, schedule_id: int) -> Pending[bool]: ...
    def get_schedule(self, schedule_id: int) -> Pending[dict[str, Any] | None]: ...
    def get_schedule_by_name(self, name: str) -> Pending[dict[str, Any] | None]: ...
    def list_schedules(self, status: str | None) -> Pending[list[dict[str, Any]]]: ...
    def fire_schedules(self) -> Pending[int]:
        """Fires the schedules that are due; how many jobs were added."""
    def create_token(
        self, token_id: str, job_id: int | None, timeout: float | None, tags: list[str]
    ) -> Pending[dict[str, Any]]:
        """Stores a token; a repeat answers the one that is there."""
    def complete_token(self, token_id: str, output: bytes | None) -> Pending[bool | None]:
        """True, False when it was over already, None when there is none."""
    def get_token(self, token_id: str) -> Pending[dict[str, Any] | None]: ...
    def expire_tokens(self) -> Pending[int]: ...
    def prune_tokens(self, older_than: float) -> Pending[int]: ...
    def expect_end(self, job_id: int) -> Pending[dict[str, Any] | None]:
        """The job as it is, having seen to it that its end will be told to a job that waits for it."""
    def wait_for_end(self, job_id: int, timeout: float | None) -> Pending[dict[str, Any] | None]:
        """The job when it can change no more, or as it is after `timeout` seconds; None when it does not exist."""
    def migrate(self, target: int | None) -> Pending[list[tuple[int, str, str]]]:
        """`(version, name, sql)` of each step taken."""
    def migration_state(self) -> Pending[tuple[list[int], list[tuple[int, str]]]]:
        """`(applied versions, [(known version, name)])`."""
    def migration_sql(self, target: int | None, applied: list[int]) -> list[tuple[int, str, str]]:
        """The steps from `applied` to `target`, not run."""
    def query(self, sql: str, params: list[str | None]) -> Pending[list[bytes]]:
        """Rows as JSON objects."""
    def execute(self, sql: str, params: list[str | None]) -> Pending[int]: ...
    def command(self, command: list[bytes]) -> Pending[Any]:
        """What Redis answers: None, bool, int, float, bytes, and lists and dicts of these."""
    def durability(self) -> Pending[dict[str, Any]]: ...
    def close(self) -> Pending[None]: ...

@final
class LogPump:
    """What the engine logs. A thread born in Python calls `next()` in a loop and logs what it gets."""
    def __new__(cls) -> Self: ...
    def next(self) -> list[tuple[int, str, int | None, str | None, str | None]] | None:
        """Blocks, without the GIL, for records: level, message, job, its type, worker; None once `close()` was called."""
    def close(self) -> None: ...

def set_paused(store: Store, job_type: str | None, group: str | None, paused: bool) -> Pending[bool]: ...
def paused(store: Store) -> Pending[list[tuple[str, str]]]: ...
def adopt(store: Store) -> Pending[list[tuple[int, str, str]]]:
    """As `Store.migrate` to the newest version, where the tables may be those of the TypeScript library."""

def overview(store: Store) -> Pending[dict[str, Any]]:
    """The fields of `Overview`, counts as `(value, kind)`."""

def workers(store: Store, after: int, limit: int) -> Pending[list[dict[str, Any]]]: ...
def drain_worker(store: Store, worker_id: int) -> Pending[bool]: ...
def groups(store: Store, after: str, limit: int) -> Pending[list[dict[str, Any]]]:
    """The fields of `GroupRecord`, a rate as `(most, seconds, spent)`."""

def type_limits(store: Store) -> Pending[list[dict[str, Any]]]: ...
def tokens(store: Store, status: str | None, after: str | None, limit: int) -> Pending[list[dict[str, Any]]]: ...
def search(
    store: Store, filters: FilterDict, asked: SearchDict, before: int | None, limit: int
) -> Pending[tuple[list[dict[str, Any]], int | None, int, int | None]]:
    """`(jobs, where to go on, how many were looked at, when the oldest of these was added)`."""

def dependents(store: Store, job_id: int, limit: int) -> Pending[list[int]]: ...
def delete(store: Store, job_id: int) -> Pending[bool]: ...
def delete_all(store: Store, filters: FilterDict) -> Pending[int]: ...
def run_schedule(store: Store, schedule: int | str) -> Pending[tuple[int, bool] | None]:
    """Adds the job of a schedule, by its id or its name: `(id, created)`; None where there is none such."""

def examine_file(store: Store, check: bool) -> Pending[dict[str, Any]]:
    """How the file of a store on SQLite is; with `check` every page is read."""

def lease_ends_in(store: Store) -> Pending[float | None]:
    """The seconds until the lease of some worker runs out; 0 where one has, and its jobs were not taken over, None without workers."""

def whereabouts(store: Store) -> dict[str, Any]:
    """What the options say about where tables and keys lie: `schema` and `pgbouncer`; `keys`, `cluster` and `sentinel`; or `path`."""

def cron_ticks(expression: str, timezone: str, after: int, count: int) -> list[int]:
    """The first `count` ticks after a time; fewer where 50 years have no more. Raises `ValueError` for what cannot be read."""

def set_log_level(level: int) -> None:
    """The lowest `logging` level that the engine records; above 50 records nothing."""

__version__: str

Finished: TypeAlias = (
    tuple[int, str, bytes | None]  # run, "completed", output
    | tuple[int, str]  # run, "released"
    | tuple[int, str, str]  # run, "cancelled", reason
    | tuple[int, str, str, float | None]  # run, "lost", message, retry
    | tuple[
        int, str, str, str | None, tuple[str, bool, int | None, str | None]
    ]  # run, "waiting", entry, name, (kind, is a date, microseconds, token or "job:ID")
    | tuple[int, str, str, str | None, str | None, float | None]  # run, "failed", message, type, traceback, retry
)
"""The end of a run. `retry`: None follows the job's options, a number is a delay, a negative number is never."""

@final
class Run:
    """One run of a job, for a lane to start."""
    @property
    def id(self) -> int: ...
    @property
    def handler(self) -> int:
        """The handler's place in the processor's list."""
    @property
    def job_id(self) -> int: ...
    @property
    def job_type(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def force_kill(self) -> bool:
        """Whether its process is killed when its time is up."""
    @property
    def payload(self) -> bytes: ...
    def record(self) -> dict[str, Any]:
        """The whole job, as it was claimed."""

HealthTuple: TypeAlias = tuple[bool, bool, int, int, float | None, float | None, bool, int, str | None]
"""`(live, ready, running, waiting, last claim, last renewal, store reachable, restarts, reason)`; ages in seconds."""

MetricsTuple: TypeAlias = tuple[
    str, int, int, int, float | None, int, int, list[tuple[str, int]], list[tuple[str, int, list[int]]]
]
"""`(worker, concurrency, running, waiting, seconds since the last claim, lost, reclaimed, errors by call, types)`; a type is its name,
the jobs claimed of it, and its numbers."""

ChartTuple: TypeAlias = tuple[int, list[tuple[int, list[int]]], list[tuple[str, list[int]]]]
"""`(seconds of a step, [(its beginning in microseconds, numbers)], [(type, numbers)])`."""

BOUNDS: list[float]
"""The upper bounds of the buckets of durations, in seconds."""

def fleet_traffic(store: Store, span: float, job_type: str | None) -> Pending[ChartTuple]:
    """What the fleet did in the last `span` seconds, of one type or of all."""

@final
class Processor:
    """One session of processing: from its start to its end."""
    def __new__(
        cls,
        store: Store,
        *,
        worker_name: str,
        handlers: list[tuple[str, str, bool]],  # name, thread, loop or process, decides on retries after a timeout
        job_types: list[str],
        any_type: bool,
        batch_size: int,
        concurrency: int,
        poll_interval: float,
        default_timeout: float | None,
        schedules: list[ScheduleTuple],
        limits: list[TypeLimitsTuple],
        groups: GroupLimitsTuple | None,
        group_rates: GroupRatesTuple | None,
        fair: dict[str, int] | None,  # weights by tier
        upkeep: bool,
        lease: float,
        unready_after: float | None,
    ) -> Self: ...
    def start(self) -> None: ...
    def run_batch(self) -> Pending[int]: ...
    def run_due(self, most: int) -> Pending[int]:
        """Runs what is due until nothing is, or `most` jobs ran."""
    def die(self) -> Pending[None]:
        """Ends as a killed process does: nothing more is recorded, and leases run out."""
    def drain(self, timeout: float) -> Pending[bool]: ...
    def is_running(self) -> bool: ...
    def is_asked_to_drain(self) -> bool:
        """Whether somebody asked in the store that this worker drain, which it does by itself."""
    def counts(self) -> dict[str, int]: ...
    def metrics(self) -> MetricsTuple: ...
    def ring(self, descriptor: int | None) -> None:
        """Writes a byte to this socket when the event loop should call `exchange`; None ends that."""
    def exchange(self, finished: list[Finished], most: int) -> tuple[list[Run], list[tuple[int, str]]]:
        """Reports ends, takes runs, and messages `(run, what)`: a reason to abort, or `ask`. Never blocks."""
    def next(self, finished: Finished | None = None, in_process: bool = False) -> tuple[Run, bool] | None:
        """Blocks for a thread's next run, and whether another thread would find work; None at the end."""
    def bind(self, run: int, group: int) -> bool:
        """The run goes to this process group, which is killed when it must end; False if it must already."""
    def unbind(self, run: int) -> None:
        """The process of the run is gone, and may be reaped, or is done with it."""
    def verdict(self, run: int) -> str | None:
        """Why the engine wants the run to end, if it does."""
    def attend(self) -> tuple[list[tuple[int, str]], list[str]] | None:
        """Blocks for messages about runs on threads and in processes, and reports of errors; None at the end."""
    def prolong(self, run: int, seconds: float | None = None) -> bool: ...
    def ask_on_timeout(self, run: int) -> None: ...
    def answer_timeout(self, run: int, extend: float | None = None, retry: float | None = None) -> None: ...
    def progress(self, run: int, percent: int) -> bool: ...
    def output(self, run: int, json: bytes) -> bool: ...
    def step(self, run: int, job: int, name: str, entry: bytes) -> Pending[None]: ...
    def health(self) -> HealthTuple: ...
    def follow(self, descriptor: int, drain_timeout: float) -> None:
        """Writes its health to this socket each second, and drains when that ends; a process that does not end then is aborted."""

@final
class Supervisor:
    """One session of supervising: from its start to its end."""
    def __new__(
        cls,
        store: Store,
        *,
        interval: float,
        chores: list[tuple[str, float]],  # what it counts, and its one option in seconds
    ) -> Self: ...
    def run_once(self) -> Pending[list[tuple[str, int | Exception]]]:
        """Does each chore once: its count, or the error that it ended in."""
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def drain(self, timeout: float) -> Pending[bool]: ...
    def is_running(self) -> bool: ...
    def attend(self) -> tuple[list[tuple[int, str]], list[str]] | None:
        """As the processor's, without messages."""
