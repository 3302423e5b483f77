"""Problems of several files at once, so that nobody corrects one only to hear of the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from calcitrack.errors import CalcitrackError, TablesError

Read = TypeVar("Read")


class Collect(Protocol):
    """Carries out a reading; what it raises is kept, and the stand-in is given."""

    def __call__(self, read: Callable[[], Read], instead: Read) -> Read:
        """What was read, or the stand-in."""
        ...


@contextmanager
def all_problems() -> Iterator[Collect]:
    """Context that collects the errors of several readings, and raises at its end: the one there is, or all as one.

    Raises
    ------
    CalcitrackError
        That of the only reading that failed.
    TablesError
        Where several failed; its message has each of theirs.
    """
    errors: list[CalcitrackError] = []

    def collect(read: Callable[[], Read], instead: Read) -> Read:
        try:
            return read()
        except CalcitrackError as error:
            errors.append(error)
            return instead

    yield collect
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise TablesError("\n".join(map(str, errors))) from errors[0]
