"""The deposit that a tool works on: one that is counted, never a possible one."""

from __future__ import annotations

from calcitrack.errors import InvalidValueError
from calcitrack.model.possible import possible_number


def counted(name: str) -> str:
    """The name of a deposit, unless it is that of a possible one.

    Raises
    ------
    InvalidValueError
        It is possible; the message says how it becomes a deposit.
    """
    if possible_number(name) is not None:
        raise InvalidValueError(f"{name} is a possible deposit; accept it first (A), or dismiss it (R)")
    return name
