"""How a handler gets into another process: by the name under which it can be imported there, or whole."""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ..job_function import Handler
    from ..middleware import Around
    from ..retry_rules import RetryRules

__all__ = [
    "MAIN",
    "Parcel",
    "Serialization",
    "named",
    "pack",
    "test_handler_serialization",
    "unpack",
    "validate_handler_serializable",
]

MAIN = "__mp_main__"
"""The name under which the program's own file is imported in another process, where it must not start anew."""

Way = tuple[str, str, bytes | None]
"""The module and the qualified name to import a function by, or what cloudpickle made of it."""

Parcel = tuple[str, Way, tuple[Way, ...], bytes | None]
"""The name of a handler, its way, those of the middleware around it, and retry rules that it does not bring itself."""

_REMEDY = "define it with `def` at the top level of a module that can be imported"


@dataclass(frozen=True, slots=True)
class Serialization:
    """Whether a handler can be run in another process.

    Attributes:
        is_serializable: Whether it can.
        error: Why it cannot, and how to change that; None where it can.
    """

    is_serializable: bool
    error: str | None = None

    def __bool__(self) -> bool:
        return self.is_serializable


def validate_handler_serializable(func: Callable[..., Any], job_type: str | None = None) -> Serialization:
    """Looks whether a handler can be run in a process of its own, without running anything.

    A function that another process can import under its name can. With the extra `dataqueue[cloudpickle]` so can one
    that closes over values which cloudpickle can copy.

    Args:
        func: The handler, decorated or not.
        job_type: The name of its type, for the message.
    """
    try:
        pack(_name(func, job_type), func)
    except TypeError as error:
        return Serialization(False, str(error))
    return Serialization(True)


def test_handler_serialization(
    func: Callable[..., Any],
    job_type: str | None = None,  # noqa: PT028 - not a test
) -> Serialization:
    """Sends a handler to a process that it starts, and has it loaded there. It is not called.

    It finds what `validate_handler_serializable` cannot: a module that cannot be imported elsewhere, or fails there.

    Args:
        func: The handler, decorated or not.
        job_type: The name of its type, for the message.
    """
    from .pool import Pool

    name = _name(func, job_type)
    try:
        parcel = pack(name, func)
        pool = Pool([parcel])
        try:
            process = pool.child()
            why = process.loads(parcel)
            process.close()
        finally:
            pool.close()
    except (TypeError, OSError) as error:
        return Serialization(False, str(error))
    if why is None:
        return Serialization(True)
    return Serialization(False, f"the handler of {name!r} cannot be loaded in another process: {why}")


# Its name begins as those of tests do.
test_handler_serialization.__test__ = False  # type: ignore[attr-defined]


def pack(name: str, func: Any, middleware: Sequence[Around] = (), retries: RetryRules | None = None) -> Parcel:
    """What another process needs to have this handler of the type `name`, the middleware around it and its retry rules.

    Raises:
        TypeError: Something of it cannot get there; the message says why, and what to change.
    """
    around = (_way(f"the middleware {one.name!r}", one.func) for one in middleware)
    way = _way(f"the handler of {name!r}", func)
    return name, way, tuple(around), _rules(name, way, retries) if retries else None


def named(handler: Handler) -> Parcel | None:
    """As `pack`, of a handler that can be imported with its middleware; None for another."""
    functions = (handler.func, *(one.func for one in handler.middleware))
    if any(_why_not_by_name(func) is not None for func in functions):
        return None
    try:
        return pack(handler.name, handler.func, handler.middleware, handler.retries)
    except TypeError:
        return None


def _rules(name: str, way: Way, retries: RetryRules) -> bytes | None:
    from ..job_function import JobFunction

    module_name, qualified, pickled = way
    found = None if pickled is not None else _in_module(module_name, qualified)
    if isinstance(found, JobFunction) and found.retries == retries:
        return None
    try:
        return pickle.dumps(retries)
    except Exception as error:
        raise TypeError(
            f"the retry rules of {name!r} cannot be run in another process: {error}. Decorate the handler where it "
            "is defined, or define what the rules name at the top level of a module"
        ) from None


def _way(what: str, func: Any) -> Way:
    why = _why_not_by_name(func)
    if why is None:
        inner = _function(func)
        return inner.__module__, inner.__qualname__, None
    try:
        import cloudpickle  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise TypeError(
            f"{what} cannot be run in another process: {why}, or install dataqueue[cloudpickle], "
            "which can send functions that are not importable"
        ) from None
    try:
        return "", "", cloudpickle.dumps(_function(func))
    except Exception as error:
        raise TypeError(
            f"{what} cannot be run in another process: {why}; and cloudpickle cannot copy it: {error}"
        ) from None


def unpack(parcel: Parcel) -> Handler:
    """The handler, in the process that it came to.

    Raises:
        ImportError: Its module cannot be imported, or has no such function.
    """
    return _loaded(*parcel)


@cache
def _loaded(name: str, way: Way, around: tuple[Way, ...], rules: bytes | None) -> Handler:
    from ..handlers import JobHandlers

    handlers = JobHandlers({name: _arrived(way)})
    for one in around:
        handlers.middleware(_arrived(one))
    handler = cast("Handler", handlers.get(name))
    return handler if rules is None else replace(handler, retries=pickle.loads(rules))  # noqa: S301 - as above


def _arrived(way: Way) -> Any:
    module_name, qualified, pickled = way
    if pickled is not None:
        return pickle.loads(pickled)  # noqa: S301 - from the process that started this one
    found: Any = importlib.import_module(MAIN if module_name == "__main__" else module_name)
    for part in qualified.split("."):
        if not hasattr(found, part):
            raise ImportError(f"module {module_name!r} has no {qualified!r}", name=module_name)
        found = getattr(found, part)
    return found


def _name(func: Any, job_type: str | None) -> str:
    return job_type or getattr(func, "name", None) or getattr(func, "__name__", None) or repr(func)


def _function(func: Any) -> Any:
    from ..job_function import JobFunction

    return func.func if isinstance(func, JobFunction) else func


def _in_module(name: str, qualified: str) -> Any:
    """What a module that was imported here has under a name; None where there is nothing."""
    found: Any = sys.modules.get(name)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found


def _why_not_by_name(func: Any) -> str | None:
    """Why the function cannot be imported under its name elsewhere, and what would help; None if it can."""
    from ..job_function import JobFunction

    inner = _function(func)
    if isinstance(inner, partial):
        return f"it is a functools.partial, which has no name: {_REMEDY}, and put the arguments into the payload"
    if inspect.ismethod(inner):
        owner = type(inner.__self__).__qualname__
        return f"it is the method {inner.__name__!r} of an object of {owner!r}, which stays here: {_REMEDY}"
    if not inspect.isfunction(inner):
        return f"it is an object of {type(inner).__qualname__!r}, not a function: {_REMEDY}"
    if inner.__name__ == "<lambda>":
        return f"it is a lambda, which has no name to import it by: {_REMEDY}"
    if "<locals>" in inner.__qualname__:
        around = inner.__qualname__.rpartition(".<locals>")[0].replace(".<locals>", "")
        held = ", ".join(repr(one) for one in inner.__code__.co_freevars)
        closes = f" and closes over {held}" if held else ""
        return f"it is defined inside of {around!r}{closes}: {_REMEDY}, and make what it needs there, or in the handler"
    if inner.__module__ == "__main__" and getattr(sys.modules.get("__main__"), "__file__", None) is None:
        return f"it is defined in an interactive session, which no other process can import: {_REMEDY}"
    found = _in_module(inner.__module__, inner.__qualname__)
    if found is not inner and not (isinstance(found, JobFunction) and found.func is inner):
        return (
            f"{inner.__module__}.{inner.__qualname__} is not this function but {found!r:.80}: give it a name "
            "of its own in its module"
        )
    return None
