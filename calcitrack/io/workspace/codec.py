"""Model objects as JSON and back, by the types that their dataclasses declare. Exact, also for floats and for texts that no encoding explains."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import numpy as np

from calcitrack import errors
from calcitrack.errors import ReadError
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.provenance import stored_fields

Json = Any
"""What `json` reads and writes: dicts with text keys, lists, texts, numbers, booleans, ``None``."""


def dumps(value: Json) -> str:
    """One line of ASCII, so that a database in UTF-8 holds any text, lone surrogates of undecodable file names included."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def canonical(value: Json) -> bytes:
    """Canonical form for digests: as `dumps`, with sorted keys."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")


def storable(text: str) -> str:
    """The text in a form that the database can store: undecodable bytes become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encode(value: object) -> Json:
    """A model object, or one of its parts, as JSON.

    Raises
    ------
    TypeError
        The type occurs in no model object.
    """
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    special = _encode_special(value)
    if special is not None:
        return special[0]
    if dataclasses.is_dataclass(value):
        return {name: encode(content) for name, content in stored_fields(value).items()}
    if isinstance(value, Mapping):
        return {str(encode(k)): encode(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(encode(v) for v in value)
    if isinstance(value, tuple | list):
        return [encode(v) for v in value]
    raise TypeError(f"no noun of the model is made of {type(value).__name__}")


def _encode_special(value: object) -> tuple[Json] | None:
    """JSON of a value that is neither a container nor a dataclass, in a tuple of one; ``None`` for other values."""
    if isinstance(value, Enum):
        return (value.value,)
    if isinstance(value, dt.date):  # a datetime is a date too
        return (value.isoformat(),)
    if isinstance(value, np.generic):
        return (value.item(),)
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return ({"dtype": value.dtype.str, "shape": list(value.shape), "data": data},)
    if isinstance(value, ReadError):
        return ({"error": type(value).__name__, "arguments": [value.source, value.found, value.expected, value.action]},)
    return None


def decode(kind: Any, value: Json) -> Any:
    """Inverse of `encode` for an object of this type.

    Raises
    ------
    KeyError, TypeError, ValueError
        The JSON does not describe such an object; an `InvalidValueError` is a ValueError.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _decode_union(arguments, value)
    if origin is tuple:
        each = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        return tuple(decode(k, v) for k, v in zip(each, value, strict=True))
    if origin is frozenset:
        return frozenset(decode(arguments[0], v) for v in value)
    if origin is np.ndarray:
        return np.frombuffer(base64.b64decode(value["data"]), np.dtype(value["dtype"])).reshape(value["shape"])
    if origin is not None and issubclass(origin, Mapping):
        return {_key(arguments[0], k): decode(arguments[1], v) for k, v in value.items()}
    return _decode_plain(kind, value)


def _decode_union(members: tuple[Any, ...], value: Json) -> Any:
    if Measurement in members:
        return decode(NotMeasurable if "reason" in value else Measurement, value)
    kinds = [m for m in members if m is not types.NoneType]
    return decode(kinds[0], value) if len(kinds) == 1 else value  # several: texts, numbers and booleans, which JSON tells apart


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else kind(text)


def _decode_plain(kind: Any, value: Json) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{f.name: decode(hints[f.name], value[f.name]) for f in dataclasses.fields(kind) if f.name in value or not f.metadata})
    if kind in (dt.date, dt.datetime):
        return kind.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if isinstance(kind, type) and issubclass(kind, ReadError):
        return _read_error(value)
    return value


def _read_error(value: Json) -> ReadError:
    kind = getattr(errors, value["error"], ReadError)
    return (kind if isinstance(kind, type) and issubclass(kind, ReadError) else ReadError)(*value["arguments"])


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
