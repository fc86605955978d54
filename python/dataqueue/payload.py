"""Payloads on their way to JSON text and back."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ._json import check_json, dump_checked, load
from .errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import PydanticSerializationError

__all__ = ["PayloadCodec", "encode_json"]

_SHOWN_ERRORS = 5
_SHOWN_CHARACTERS = 200
_BYTES_REMEDY = (
    "; bytes that are not UTF-8 text need ConfigDict(ser_json_bytes='base64', val_json_bytes='base64') on their model"
)
# What pydantic may write in the place of a number that JSON does not have.
_SUSPECTS = (b"null", b"NaN", b"Infinity", b"\\u0000")


# Types that are neither a model nor a dataclass, which takes longer to find out.
_PLAIN = frozenset({dict, list, str, int, float, bool, type(None)})


class PayloadCodec:
    """Checks, encodes and decodes the payloads of one job type. Its parts are built when first needed."""

    def __init__(self, payload_type: Any, what: str = "the payload") -> None:
        """A codec.

        Args:
            payload_type: What pydantic's `TypeAdapter` takes; `Any` or `object` for any JSON value.
            what: What it encodes, for messages.
        """
        self._type = payload_type
        self._what = what
        self._any = payload_type is Any or payload_type is object

    def __repr__(self) -> str:
        return f"PayloadCodec({_type_name(self._type)})"

    @property
    def payload_type(self) -> Any:
        """The declared type."""
        return self._type

    def check_type(self) -> None:
        """Builds what is needed, so that a type that cannot serve is found now.

        Raises:
            TypeError: It cannot.
        """
        if not self._any:
            _ = self._adapter

    def encode(self, value: object) -> bytes:
        """A payload as JSON text, after it was checked against the type.

        Raises:
            PayloadError: It does not fit, or cannot be stored.
        """
        if self._any:
            return encode_json(value, self._what)
        misfit, unwritable = _pydantic_errors()
        try:
            fitting = self._adapter.validate_python(value)
        except misfit as error:
            raise self._misfit(error) from None
        try:
            text = self._adapter.dump_json(fitting, by_alias=True, round_trip=True, warnings="none")
        except (unwritable, ValueError, RecursionError) as error:
            with contextlib.suppress(unwritable, RecursionError):
                self._check_plain(fitting)
            remedy = _BYTES_REMEDY if "invalid utf-8" in str(error) else ""
            shown = f"{error!s:.{_SHOWN_CHARACTERS}}{remedy}"
            raise PayloadError(f"{self._what} cannot be written as JSON: {shown}") from None
        if any(suspect in text for suspect in _SUSPECTS):
            self._check_plain(fitting)
        # An instance may have been built unchecked; what its handler would refuse is refused here.
        self.decode(text)
        return text

    def decode(self, text: bytes) -> Any:
        """The payload that JSON text holds, as the declared type.

        Raises:
            PayloadError: It does not fit.
        """
        if self._any:
            return load(text, self._what)
        validate, misfit = self._validation
        try:
            return validate(text)
        except misfit as error:
            raise self._misfit(error) from None

    @cached_property
    def _validation(self) -> tuple[Callable[[bytes], Any], type[ValidationError]]:
        return self._adapter.validate_json, _pydantic_errors()[0]

    def _check_plain(self, fitting: object) -> None:
        plain = self._adapter.dump_python(fitting, by_alias=True, round_trip=True, warnings="none")
        check_json(plain, self._what, strict=False)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return _adapter(self._type)

    def _misfit(self, error: ValidationError) -> PayloadError:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"{_path(entry['loc'])}{entry['msg']}"[:_SHOWN_CHARACTERS] for entry in found[:_SHOWN_ERRORS]]
        more = f"; and {len(found) - _SHOWN_ERRORS} more" if len(found) > _SHOWN_ERRORS else ""
        return PayloadError(f"{self._what} does not fit {_type_name(self._type)}: {'; '.join(lines)}{more}")


def encode_json(value: object, what: str = "the payload") -> bytes:
    """Any JSON value, pydantic model or dataclass as JSON text.

    Raises:
        PayloadError: It is not JSON, or cannot be stored; the message names the place, starting from `what`.
    """
    kind: Any = type(value)
    if kind in _PLAIN:
        return dump_checked(value, what)
    if hasattr(kind, "__pydantic_serializer__") or dataclasses.is_dataclass(kind):
        return _codec_of(kind, what).encode(value)
    return dump_checked(value, what)


@cache
def _pydantic_errors() -> tuple[type[ValidationError], type[PydanticSerializationError]]:
    """Imported when a type is first used, and once: an import by each job would take longer than what it decodes."""
    from pydantic import ValidationError
    from pydantic_core import PydanticSerializationError

    return ValidationError, PydanticSerializationError


@lru_cache(maxsize=256)
def _codec_of(kind: Any, what: str) -> PayloadCodec:
    return PayloadCodec(kind, what)


def _adapter(payload_type: Any) -> TypeAdapter[Any]:
    _refuse_struct(payload_type)
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    if sys.version_info < (3, 12):
        from ._typed_dicts import rebuilt

        payload_type = rebuilt(payload_type)
    try:
        return TypeAdapter(payload_type)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise TypeError(
            f"{_type_name(payload_type)} cannot be a payload type: {str(error).splitlines()[0]} "
            "Use a pydantic model, a dataclass, a TypedDict or another type that pydantic knows."
        ) from None


def _refuse_struct(payload_type: Any) -> None:
    msgspec = sys.modules.get("msgspec")
    if msgspec is not None and isinstance(payload_type, type) and issubclass(payload_type, msgspec.Struct):
        raise TypeError(
            f"{payload_type.__qualname__} is a msgspec.Struct, which pydantic cannot read: "
            "use a dataclass, a TypedDict or a pydantic model as the payload type"
        )


def _type_name(payload_type: Any) -> str:
    name: str = getattr(payload_type, "__qualname__", "") if isinstance(payload_type, type) else ""
    return name or str(payload_type).replace("typing.", "")


def _path(steps: tuple[int | str, ...]) -> str:
    if not steps:
        return ""
    first, *rest = steps
    return f"{first}{''.join(f'[{step}]' if isinstance(step, int) else f'.{step}' for step in rest)}: "
