"""The trace that a job belongs to, carried from the caller that adds it to the handler."""

from __future__ import annotations

import re

__all__ = ["check_traceparent"]

# Version, trace id, parent id and flags, in lower case; a version of later days may have more behind them.
_FORM = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?")
_LONGEST = 255


def check_traceparent(value: object) -> str:
    """A `traceparent` in the form of the W3C's Trace Context.

    Raises:
        TypeError: It is not a str.
        ValueError: It is of another form.
    """
    if not isinstance(value, str):
        raise TypeError(f"traceparent must be a str, not {type(value).__name__}: {value!r:.80}")
    if len(value) > _LONGEST or not _FORM.fullmatch(value) or value.startswith("ff"):
        raise ValueError(
            f"traceparent is {value!r:.80}: it must be version-trace_id-parent_id-flags in lower-case hexadecimal, "
            "such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        )
    return value
