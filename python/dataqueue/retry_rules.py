"""When a failed job is tried again, as its type says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .arguments import Duration, delay_seconds
from .logs import say

__all__ = ["NEVER", "Errors", "RetryRule", "RetryRules"]

RetryRule: TypeAlias = Callable[[int, BaseException], Duration | None]
"""Called with the attempt that failed and its exception; answers the delay, or None for no further attempt."""

Errors: TypeAlias = type[BaseException] | Sequence[type[BaseException]]
"""One class of exceptions, or several."""

NEVER = -1.0
"""The delay of a job that is not tried again, as the engine takes it."""


@dataclass(frozen=True, slots=True)
class RetryRules:
    """What a job type says of its retries; the job's own options decide where it says nothing.

    Attributes:
        delay: Answers the delay before the next attempt, or None to end the job.
        retry_on: Only these exceptions are worth another attempt; all are where this is empty.
        give_up_on: These are not.
    """

    delay: RetryRule | None = None
    retry_on: tuple[type[BaseException], ...] = ()
    give_up_on: tuple[type[BaseException], ...] = ()

    @classmethod
    def checked(cls, retry: RetryRule | None, retry_on: Errors, give_up_on: Errors) -> RetryRules:
        """The rules given.

        Raises:
            TypeError: One is of the wrong type.
            ValueError: A class of exceptions is in both lists.
        """
        if retry is not None and not callable(retry):
            raise TypeError(f"retry must be a callable (attempt, exception) -> delay | None, not {retry!r:.80}")
        wanted, unwanted = _classes("retry_on", retry_on), _classes("give_up_on", give_up_on)
        both = [one for one in wanted if one in unwanted]
        if both:
            raise ValueError(
                f"{both[0].__qualname__} is in retry_on and in give_up_on: leave it in the one that is meant"
            )
        if retry is None and not wanted and not unwanted:
            return _NONE
        return cls(retry, wanted, unwanted)

    def __bool__(self) -> bool:
        """Whether they say anything."""
        return self != _NONE

    def decide(self, name: str, attempt: int, error: BaseException) -> float | None:
        """The delay in seconds, negative for no further attempt, None where the job's own options decide.

        Never raises: a rule that fails is passed over, and told to the log.

        Args:
            name: The job type, for the log.
            attempt: The attempt that failed.
            error: What it failed with.
        """
        if not self._is_worth_it(error):
            return NEVER
        if self.delay is None:
            return None
        try:
            delay = self.delay(attempt, error)
            return NEVER if delay is None else delay_seconds("the delay of the retry rule", delay)
        except BaseException:
            say(logging.ERROR, "the retry rule of %r failed: the job's own options decide", name, exc_info=True)
            return None

    def _is_worth_it(self, error: BaseException) -> bool:
        # The class that is nearest to the exception's own decides.
        for kind in type(error).__mro__:
            if kind in self.give_up_on:
                return False
            if kind in self.retry_on:
                return True
        return not self.retry_on


_NONE = RetryRules()


def _classes(field: str, value: object) -> tuple[type[BaseException], ...]:
    given = (value,) if isinstance(value, type) else value
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f"{field} must be a class of exceptions or several, not {value!r:.80}")
    for one in given:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise TypeError(f"{field} holds {one!r:.80}, which is no class of exceptions")
    return tuple(given)
