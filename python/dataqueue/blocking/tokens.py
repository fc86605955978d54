"""Tokens: what a handler waits for until somebody completes it.

Generated from `dataqueue.aio` by `scripts/twins.py`: edit that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tokens import Token, TokenTimeout
from .base import QueueBase


class Tokens(QueueBase):
    """The methods that deal with tokens."""

    def create_token(self, *, timeout: TokenTimeout | None = None, tags: Sequence[str] | None = None) -> Token:
        """Makes a token that any job can wait for with `ctx.wait_for_token`.

        Args:
            timeout: How long it can be completed: a text such as `48h` (units `s`, `m`, `h`, `d`, `w`), seconds or a
                timedelta; without limit by default.
            tags: Tags to know it by.

        Raises:
            ValueError: An argument is out of its limits.
        """
        return self._result(self._requests.create_token(timeout, tags))

    def complete_token(self, token_id: str | Token, data: Any = None) -> bool:
        """Completes a token, and lets the jobs go on that wait for it, in one transaction.

        Args:
            token_id: The token or its id.
            data: What those jobs get as its output: any JSON value.

        Returns:
            False when it was over already, completed or timed out; then nothing was changed.

        Raises:
            TokenNotFound: There is no such token.
            PayloadError: The data are not JSON.
        """
        return self._result(self._requests.complete_token(token_id, data))

    def get_token(self, token_id: str | Token) -> Token | None:
        """The token of this id, None where there is none. One whose time is up has timed out."""
        return self._result(self._requests.get_token(token_id))

    def expire_timed_out_tokens(self) -> int:
        """Marks the tokens whose time is up; how many. Processors do this by themselves.

        Nothing depends on it: a token cannot be completed once its time is up, and a job that waits for it goes on
        then.
        """
        return self._result(self._requests.expire_timed_out_tokens())

    def cleanup_old_tokens(self, days_to_keep: float = 30) -> int:
        """Deletes tokens of no job that were over for so many days; how many. A job's own tokens go with the job."""
        return self._result(self._requests.cleanup_old_tokens(days_to_keep))
