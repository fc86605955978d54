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
    from .errors import (
        BackendUnavailable,
        ConfigError,
        DataQueueError,
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
    from .filters import RunAt, Tags
    from .handlers import JobHandlers
    from .isolation import Serialization, test_handler_serialization, validate_handler_serializable
    from .job_types import JobType
    from .jobs import EditUpdates, Job
    from .link_app import TokenLinks
    from .links import SignedLink, complete_token_url, verify_token_url
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
        TagMode,
    )
    from .pool import Pool, create_pool
    from .processor import AsyncProcessor, Processor
    from .redis_client import AsyncRedisHandle, RedisHandle
    from .schedules import CronSchedule, CronUpdates, Missed, ScheduleStatus
    from .signals import AsyncJobSignal, JobSignal
    from .supervisor import AsyncSupervisor, Supervisor, SupervisorRun
    from .tokens import JobResult, Token, TokenResult, TokenStatus

__all__ = [
    "AsyncJobContext",
    "AsyncJobQueue",
    "AsyncJobSignal",
    "AsyncProcessor",
    "AsyncRedisHandle",
    "AsyncSupervisor",
    "BackendUnavailable",
    "ConfigError",
    "CronSchedule",
    "CronUpdates",
    "DataQueueError",
    "Durability",
    "EditUpdates",
    "ErrorEntry",
    "FailureReason",
    "HandlerChanged",
    "InvalidLink",
    "Job",
    "JobAborted",
    "JobContext",
    "JobEvent",
    "JobEventType",
    "JobFailed",
    "JobHandlers",
    "JobId",
    "JobQueue",
    "JobRecord",
    "JobResult",
    "JobSignal",
    "JobStatus",
    "JobType",
    "LeaseLost",
    "MigrationRequired",
    "MigrationStep",
    "Missed",
    "PayloadError",
    "Pool",
    "PostgresConfig",
    "Processor",
    "RedisConfig",
    "RedisHandle",
    "RunAt",
    "SSLConfig",
    "ScheduleStatus",
    "Serialization",
    "SignedLink",
    "SqliteConfig",
    "Supervisor",
    "SupervisorRun",
    "TagMode",
    "Tags",
    "Token",
    "TokenLinks",
    "TokenNotFound",
    "TokenResult",
    "TokenStatus",
    "UnsupportedBackend",
    "WaitSignal",
    "complete_token_url",
    "create_pool",
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
    "errors": (
        "BackendUnavailable",
        "ConfigError",
        "DataQueueError",
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
    "filters": ("RunAt", "Tags"),
    "handlers": ("JobHandlers",),
    "isolation": ("Serialization", "test_handler_serialization", "validate_handler_serializable"),
    "job_types": ("JobType",),
    "jobs": ("EditUpdates", "Job"),
    "link_app": ("TokenLinks",),
    "links": ("SignedLink", "complete_token_url", "verify_token_url"),
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
        "TagMode",
    ),
    "pool": ("Pool", "create_pool"),
    "processor": ("AsyncProcessor", "Processor"),
    "redis_client": ("AsyncRedisHandle", "RedisHandle"),
    "schedules": ("CronSchedule", "CronUpdates", "Missed", "ScheduleStatus"),
    "signals": ("AsyncJobSignal", "JobSignal"),
    "supervisor": ("AsyncSupervisor", "Supervisor", "SupervisorRun"),
    "tokens": ("JobResult", "Token", "TokenResult", "TokenStatus"),
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
