"""What a handler raises to say what becomes of its job."""

from __future__ import annotations

from .arguments import Duration, check_text, delay_seconds

__all__ = ["Cancel", "RateLimited", "Retry", "Snooze"]

_MOST = 1_000


class Retry(Exception):
    """Fails this attempt and asks for another, whatever the type's rules say of exceptions.

    It counts as an attempt: on the last one of `max_attempts` the job fails for good. The error history shows the
    exception that it was raised from, if there is one.

    Example:
        ```python
        except Overloaded as error:
            raise Retry(after=error.retry_after) from error
        ```
    """

    def __init__(
        self, message: str = "the handler asked for another attempt", *, after: Duration | None = None
    ) -> None:
        """Asks for another attempt `after` so many seconds; left out, the job's own options decide.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The delay is negative, or too long.
        """
        super().__init__(message)
        self.delay = None if after is None else delay_seconds("after", after)


class Cancel(Exception):
    """Ends the job as cancelled, from within: there is nothing to do any more, and nothing to retry."""

    def __init__(self, reason: str) -> None:
        """Cancels for a reason, kept as the job's `cancel_reason`, of at most 1,000 characters.

        Raises:
            TypeError: The reason is no text.
            ValueError: It is empty, too long, or holds what cannot be stored.
        """
        super().__init__(reason)
        self.reason = check_text("reason", reason, _MOST)


class Snooze(Exception):
    """Puts the job off: it waits, and its handler begins anew. No attempt is burned, and nothing counts as an error.

    Steps that are done stay done.
    """

    def __init__(self, duration: Duration) -> None:
        """Puts the job off by so many seconds.

        Raises:
            TypeError: The duration is of the wrong type.
            ValueError: It is negative, or too long.
        """
        super().__init__(duration)
        self.micros = round(delay_seconds("duration", duration) * 1_000_000)


class RateLimited(Exception):
    """Puts the job off, as `Snooze` does, and with it all jobs of its type and of the types that share its rate limit.

    For an answer such as HTTP 429: no job of these types starts before the time is up, on any worker. Those that run
    go on.

    Example:
        ```python
        if response.status_code == 429:
            raise RateLimited(float(response.headers["Retry-After"]))
        ```
    """

    def __init__(self, retry_after: Duration) -> None:
        """Puts them off by so many seconds.

        Raises:
            TypeError: The duration is of the wrong type.
            ValueError: It is negative, or too long.
        """
        super().__init__(retry_after)
        self.micros = round(delay_seconds("retry_after", retry_after) * 1_000_000)
