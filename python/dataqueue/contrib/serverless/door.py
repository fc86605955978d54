"""Who may have a batch run, and what a request is answered."""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import DataQueueError

__all__ = ["Answer", "Door", "done", "failed"]

VARIABLE = "CRON_SECRET"
_LEAST_SECRET = 16
_METHODS = ("GET", "POST")

_log = logging.getLogger("dataqueue.serverless")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered.

    Attributes:
        status: The status of HTTP.
        told: The body, before it is JSON.
        more: Headers beside those that every answer has.
    """

    status: int
    told: Mapping[str, Any]
    more: Mapping[str, str]

    @property
    def body(self) -> bytes:
        """The body."""
        return json.dumps(self.told).encode()

    def headers(self) -> dict[str, str]:
        """All headers but the length."""
        return {"content-type": "application/json", "cache-control": "no-store", **self.more}


class Door:
    """Lets in whoever knows the secret."""

    def __init__(self, secret: str | bytes | None, public: bool) -> None:
        """A door with this secret; None takes that of `$CRON_SECRET`.

        Raises:
            ValueError: There is none and it is not to be public, there is one and it is, or it is too short.
            TypeError: The secret is no text.
        """
        if secret is not None and not isinstance(secret, str | bytes):
            raise TypeError(f"secret must be str or bytes, not {type(secret).__name__}")
        if public:
            if secret is not None:
                raise ValueError("secret is given and public is True: leave out one of them")
            self._secret = None
            return
        source = f"${VARIABLE}" if secret is None else "secret"
        given = os.environ.get(VARIABLE, "") if secret is None else secret
        key = given.encode() if isinstance(given, str) else given
        if not key and secret is None:
            raise ValueError(
                f"there is no secret, and anybody could run jobs: set ${VARIABLE}, give secret=, or let something else "
                "guard the address and give public=True"
            )
        if len(key) < _LEAST_SECRET or key != key.strip():
            raise ValueError(
                f"{source} has {len(key.strip())} bytes: give it at least {_LEAST_SECRET}, without blanks around it, "
                "such as secrets.token_urlsafe(32) makes"
            )
        self._secret = key

    def refusal(self, method: str, authorization: Sequence[bytes]) -> Answer | None:
        """Why a request is turned away; None for one that is let in."""
        if not self._knows(authorization):
            return Answer(401, {"error": "give the secret as Authorization: Bearer"}, {"www-authenticate": "Bearer"})
        if method not in _METHODS:
            return Answer(405, {"error": "use GET or POST"}, {"allow": ", ".join(_METHODS)})
        return None

    def _knows(self, authorization: Sequence[bytes]) -> bool:
        if self._secret is None:
            return True
        if len(authorization) != 1:
            return False
        scheme, _, given = authorization[0].partition(b" ")
        # The scheme is no secret; the rest is compared in a time that tells nothing of it.
        return hmac.compare_digest(given.strip(), self._secret) and scheme.lower() == b"bearer"


def done(told: Mapping[str, Any]) -> Answer:
    """A batch was run."""
    return Answer(200, told, {})


def failed(error: Exception) -> Answer:
    """The batch could not be run; what went wrong is for the log, not for whoever asked."""
    _log.error("the batch could not be run", exc_info=error)
    if isinstance(error, DataQueueError) and error.retryable:
        return Answer(503, {"error": "the store cannot be reached: try again"}, {"retry-after": "30"})
    return Answer(500, {"error": "the batch could not be run: the log says why"}, {})
