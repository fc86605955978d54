"""`typing.TypedDict` for CPython 3.11, where pydantic needs the one of `typing_extensions`."""

from __future__ import annotations

import types
import typing
from functools import reduce
from operator import or_
from typing import Annotated, Any, Union

__all__ = ["rebuilt"]


def rebuilt(payload_type: Any) -> Any:
    """The same type, in which each `typing.TypedDict` is replaced by an equal one that pydantic takes.

    Those inside a model or a dataclass stay, since those classes are not ours to change.

    Raises:
        TypeError: The annotations of a TypedDict cannot be resolved.
    """
    return _rebuilt(payload_type, {})


def _rebuilt(kind: Any, done: dict[Any, Any]) -> Any:
    import typing_extensions as te

    if te.is_typeddict(kind):
        return _rebuilt_dict(kind, done)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is None or origin is typing.Literal:
        return kind
    if origin is Annotated:
        return Annotated[(_rebuilt(arguments[0], done), *arguments[1:])]
    if origin in (Union, types.UnionType):
        return reduce(or_, (_rebuilt(argument, done) for argument in arguments))
    new = tuple(_rebuilt(argument, done) if argument is not ... else ... for argument in arguments)
    return kind if new == arguments else origin[new]


def _rebuilt_dict(kind: Any, done: dict[Any, Any]) -> Any:
    import typing_extensions as te

    # One of typing_extensions needs it only for what it holds.
    readable = type(kind).__module__ == "typing_extensions"
    if kind in done:
        if readable:
            return kind
        raise TypeError(
            f"{kind.__qualname__} refers to itself, which pydantic cannot read on CPython 3.11: "
            "import TypedDict from typing_extensions instead of typing"
        )
    done[kind] = None
    try:
        hints = te.get_type_hints(kind, include_extras=True)
    except NameError as error:
        if readable:
            del done[kind]
            return kind
        raise TypeError(
            f"the annotations of {kind.__qualname__} cannot be resolved on CPython 3.11 ({error}): "
            "import TypedDict from typing_extensions instead of typing"
        ) from None
    fields = {}
    changed = False
    for name, annotated in hints.items():
        required, hint = name in kind.__required_keys__, annotated
        qualifiers: tuple[Any, ...] = (te.Required, te.NotRequired)
        while (origin := typing.get_origin(hint)) in qualifiers:
            required = origin is qualifiers[0]
            (hint,) = typing.get_args(hint)
        inner = _rebuilt(hint, done)
        changed = changed or inner is not hint
        fields[name] = te.Required[inner] if required else te.NotRequired[inner]
    del done[kind]
    if readable and not changed:
        return kind
    make: Any = te.TypedDict
    made = make(kind.__name__, fields)
    made.__module__, made.__qualname__, made.__doc__ = kind.__module__, kind.__qualname__, kind.__doc__
    return made
