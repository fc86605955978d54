"""A job queue for Python with a Rust engine, on PostgreSQL, Redis and SQLite.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._waits import WaitSignal
    from .aio import AsyncJobQueue
    from .blocking import JobQueue
    from .config import PostgresConfig, RedisConfig, SqliteConfig, SSLConfig
    from .context import AsyncJobContext, JobContext
    from .dependencies import BatchRef, DependsOn, batch_ref
    from .errors import (
        BackendUnavailable,
        ConfigError,
        DataQueueError,
        DependencyError,
        EventGap,
        HandlerChanged,
        InvalidLink,
        JobAborted,
        JobFailed,
        LeaseLost,
        MigrationRequired,
        PayloadError,
        TokenNotFound,
        UnsupportedBackend,
    )
    from .event_stream import AsyncEventStream, EventStream
    from .filters import RunAt, Tags
    from .flow import Paused, RateLimit
    from .groups import JobGroup
    from .handlers import JobHandlers
    from .health import Health
    from .hook_events import (
        JobAddedEvent,
        JobCancelledEvent,
        JobCompletedEvent,
        JobFailedEvent,
        JobHookEvent,
        JobOutputEvent,
        JobProcessingEvent,
        JobProgressEvent,
        JobRetriedEvent,
        JobWaitingEvent,
        QueueErrorEvent,
    )
    from .inspection import (
        Count,
        GroupRecord,
        JobPage,
        Overview,
        RateState,
        TypeDepth,
        TypeLimit,
        WorkerRecord,
    )
    from .isolation import Serialization, test_handler_serialization, validate_handler_serializable
    from .job_types import JobType
    from .jobs import EditUpdates, Job
    from .link_app import TokenLinks
    from .links import SignedLink, complete_token_url, verify_token_url
    from .metrics import Durations, ProcessorMetrics, Traffic, TrafficPoint, TypeMetrics
    from .models import (
        Durability,
        ErrorEntry,
        FailureReason,
        JobEvent,
        JobEventType,
        JobId,
        JobRecord,
        JobStatus,
        MigrationStep,
        StreamedEvent,
        TagMode,
    )
    from .pool import Pool, create_pool
    from .processor import AsyncProcessor, Processor
    from .redis_client import AsyncRedisHandle, RedisHandle
    from .schedules import CronSchedule, CronUpdates, Missed, ScheduleStatus
    from .signals import AsyncJobSignal, JobSignal
    from .supervisor import AsyncSupervisor, Supervisor, SupervisorRun
    from .tokens import JobResult, Token, TokenResult, TokenStatus
    from .unique import Unique
    from .verdicts import Cancel, RateLimited, Retry, Snooze
    from .workflows import Workflow, chain, chord, group

__all__ = [
    "AsyncEventStream",
    "AsyncJobContext",
    "AsyncJobQueue",
    "AsyncJobSignal",
    "AsyncProcessor",
    "AsyncRedisHandle",
    "AsyncSupervisor",
    "BackendUnavailable",
    "BatchRef",
    "Cancel",
    "ConfigError",
    "Count",
    "CronSchedule",
    "CronUpdates",
    "DataQueueError",
    "DependencyError",
    "DependsOn",
    "Durability",
    "Durations",
    "EditUpdates",
    "ErrorEntry",
    "EventGap",
    "EventStream",
    "FailureReason",
    "GroupRecord",
    "HandlerChanged",
    "Health",
    "InvalidLink",
    "Job",
    "JobAborted",
    "JobAddedEvent",
    "JobCancelledEvent",
    "JobCompletedEvent",
    "JobContext",
    "JobEvent",
    "JobEventType",
    "JobFailed",
    "JobFailedEvent",
    "JobGroup",
    "JobHandlers",
    "JobHookEvent",
    "JobId",
    "JobOutputEvent",
    "JobPage",
    "JobProcessingEvent",
    "JobProgressEvent",
    "JobQueue",
    "JobRecord",
    "JobResult",
    "JobRetriedEvent",
    "JobSignal",
    "JobStatus",
    "JobType",
    "JobWaitingEvent",
    "LeaseLost",
    "MigrationRequired",
    "MigrationStep",
    "Missed",
    "Overview",
    "Paused",
    "PayloadError",
    "Pool",
    "PostgresConfig",
    "Processor",
    "ProcessorMetrics",
    "QueueErrorEvent",
    "RateLimit",
    "RateLimited",
    "RateState",
    "RedisConfig",
    "RedisHandle",
    "Retry",
    "RunAt",
    "SSLConfig",
    "ScheduleStatus",
    "Serialization",
    "SignedLink",
    "Snooze",
    "SqliteConfig",
    "StreamedEvent",
    "Supervisor",
    "SupervisorRun",
    "TagMode",
    "Tags",
    "Token",
    "TokenLinks",
    "TokenNotFound",
    "TokenResult",
    "TokenStatus",
    "Traffic",
    "TrafficPoint",
    "TypeDepth",
    "TypeLimit",
    "TypeMetrics",
    "Unique",
    "UnsupportedBackend",
    "WaitSignal",
    "WorkerRecord",
    "Workflow",
    "batch_ref",
    "chain",
    "chord",
    "complete_token_url",
    "create_pool",
    "group",
    "test_handler_serialization",
    "validate_handler_serializable",
    "verify_token_url",
]

_MODULES = {
    "_waits": ("WaitSignal",),
    "aio": ("AsyncJobQueue",),
    "blocking": ("JobQueue",),
    "config": ("PostgresConfig", "RedisConfig", "SSLConfig", "SqliteConfig"),
    "context": ("AsyncJobContext", "JobContext"),
    "dependencies": ("BatchRef", "DependsOn", "batch_ref"),
    "errors": (
        "BackendUnavailable",
        "ConfigError",
        "DataQueueError",
        "DependencyError",
        "EventGap",
        "HandlerChanged",
        "InvalidLink",
        "JobAborted",
        "JobFailed",
        "LeaseLost",
        "MigrationRequired",
        "PayloadError",
        "TokenNotFound",
        "UnsupportedBackend",
    ),
    "event_stream": ("AsyncEventStream", "EventStream"),
    "filters": ("RunAt", "Tags"),
    "flow": ("Paused", "RateLimit"),
    "groups": ("JobGroup",),
    "handlers": ("JobHandlers",),
    "health": ("Health",),
    "inspection": (
        "Count",
        "GroupRecord",
        "JobPage",
        "Overview",
        "RateState",
        "TypeDepth",
        "TypeLimit",
        "WorkerRecord",
    ),
    "hook_events": (
        "JobAddedEvent",
        "JobCancelledEvent",
        "JobCompletedEvent",
        "JobFailedEvent",
        "JobHookEvent",
        "JobOutputEvent",
        "JobProcessingEvent",
        "JobProgressEvent",
        "JobRetriedEvent",
        "JobWaitingEvent",
        "QueueErrorEvent",
    ),
    "isolation": ("Serialization", "test_handler_serialization", "validate_handler_serializable"),
    "job_types": ("JobType",),
    "jobs": ("EditUpdates", "Job"),
    "link_app": ("TokenLinks",),
    "links": ("SignedLink", "complete_token_url", "verify_token_url"),
    "metrics": ("Durations", "ProcessorMetrics", "Traffic", "TrafficPoint", "TypeMetrics"),
    "models": (
        "Durability",
        "ErrorEntry",
        "FailureReason",
        "JobEvent",
        "JobEventType",
        "JobId",
        "JobRecord",
        "JobStatus",
        "MigrationStep",
        "StreamedEvent",
        "TagMode",
    ),
    "pool": ("Pool", "create_pool"),
    "processor": ("AsyncProcessor", "Processor"),
    "redis_client": ("AsyncRedisHandle", "RedisHandle"),
    "schedules": ("CronSchedule", "CronUpdates", "Missed", "ScheduleStatus"),
    "signals": ("AsyncJobSignal", "JobSignal"),
    "supervisor": ("AsyncSupervisor", "Supervisor", "SupervisorRun"),
    "tokens": ("JobResult", "Token", "TokenResult", "TokenStatus"),
    "unique": ("Unique",),
    "verdicts": ("Cancel", "RateLimited", "Retry", "Snooze"),
    "workflows": ("Workflow", "chain", "chord", "group"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from ._core import __version__

        return __version__
    if name not in _HOME:
        raise AttributeError(f"module 'dataqueue' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
