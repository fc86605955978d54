"""A handle on the queue's own Redis connections, for the user's own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ._call import Call

if TYPE_CHECKING:
    from ._core import Store
    from ._inbox import Inboxes

__all__ = ["AsyncRedisHandle", "RedisHandle", "RedisValue"]

RedisValue: TypeAlias = str | bytes | bytearray | memoryview | int | float
"""What an argument of a command may be: text is sent as UTF-8."""


class RedisHandle:
    """The queue's own connections to Redis, for commands of the user's.

    Strings come back as bytes, nothing as None, and a list or a set as a list. The connections are shared with the
    queue, so that commands that change or hold up a connection (`SELECT`, `MULTI`, `SUBSCRIBE`, `BLPOP`, ...) are
    refused: use a client of your own for those. The queue's keys are its own: read them, but do not change them.
    """

    def __init__(self, store: Store) -> None:
        """Made by `JobQueue.get_redis_client`."""
        self._store = store

    def execute(self, command: str, *args: RedisValue) -> Any:
        """Runs a command, such as `execute("HGET", "key", "field")`; `"CLIENT LIST"` may be written as one.

        Raises:
            ValueError: The command is empty, or would change or hold up the connection.
            TypeError: An argument is of a type that Redis has no form for.
        """
        return _execute(self._store, command, args).wait()


class AsyncRedisHandle:
    """The twin of `RedisHandle` that awaits."""

    def __init__(self, store: Store, inboxes: Inboxes) -> None:
        """Made by `AsyncJobQueue.get_redis_client`."""
        self._store = store
        self._inboxes = inboxes

    async def execute(self, command: str, *args: RedisValue) -> Any:
        """Runs a command, such as `execute("HGET", "key", "field")`; `"CLIENT LIST"` may be written as one.

        Raises:
            ValueError: The command is empty, or would change or hold up the connection.
            TypeError: An argument is of a type that Redis has no form for.
        """
        return await self._inboxes.result(_execute(self._store, command, args))


def _execute(store: Store, command: str, args: tuple[RedisValue, ...]) -> Call[Any]:
    if not isinstance(command, str):
        raise TypeError(f"the command must be a str, not {type(command).__name__}")
    words = [word.encode() for word in command.split()]
    words += [_bytes_of(value, at) for at, value in enumerate(args, 1)]
    return Call(store.command(words), lambda answer: answer)


def _bytes_of(value: Any, at: int) -> bytes:
    match value:
        case bytes():
            return value
        case bytearray() | memoryview():
            return bytes(value)
        case str():
            try:
                return value.encode()
            except UnicodeEncodeError:
                raise ValueError(
                    f"argument {at} holds half of a surrogate pair, which is not text: give it as bytes"
                ) from None
        case bool():
            raise TypeError(f"argument {at} is a bool, for which Redis has no form: give 0 or 1, or text")
        case int():
            return b"%d" % value
        case float():
            return repr(value).encode()
    raise TypeError(f"argument {at} is of type {type(value).__name__}: convert it to str or bytes")
