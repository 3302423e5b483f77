"""Read-only content of data types, which stays read-only when pickled or copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Self, TypeVar

import numpy as np

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(Mapping[K, V]):
    """A read-only copy of a mapping; equal to every mapping with the same content. It pickles and copies, unlike `types.MappingProxyType`.

    Parameters
    ----------
    content
        Copied in.

    Examples
    --------
    >>> confidence = FrozenMapping({1: 0.9})
    >>> confidence[1], confidence == {1: 0.9}
    (0.9, True)
    >>> confidence[2] = 0.5
    Traceback (most recent call last):
    TypeError: 'FrozenMapping' object does not support item assignment
    """

    __slots__ = ("_content",)

    def __init__(self, content: Mapping[K, V]) -> None:
        self._content = dict(content)

    def __getitem__(self, key: K) -> V:
        return self._content[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        return f"FrozenMapping({self._content!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[dict[Any, Any]]]:
        return type(self), (self._content,)


def restore(noun: Any, state: list[object]) -> None:
    """Set the fields of a frozen dataclass with slots, arrays read-only: its ``__setstate__``. A pickle does not keep that an array is read-only.

    Parameters
    ----------
    state
        One value for each field, in their order.
    """
    for field, value in zip(fields(noun), state, strict=True):
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        object.__setattr__(noun, field.name, value)
