"""Warnings of libraries while they read: kept off the user's terminal, and turned into findings."""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TextIO

_QUOTED_VALUES = (
    (re.compile(r"(Invalid value for VR \w\w): .*?(?=\. Please see|$)", re.DOTALL), r"\1"),
    (re.compile(r"Unable to convert '.*?' to ", re.DOTALL), "Unable to convert a value to "),
)
"""How pydicom quotes a value that it cannot use, and the same without it."""
MAX_NOTES = 6
"""Warnings of one file that are kept; a file with a broken dialect repeats the same one for each element."""


def impersonal(text: str) -> str:
    """Text of a warning without quoted values of elements, which may be a name or a birth date."""
    for pattern, replacement in _QUOTED_VALUES:
        text = pattern.sub(replacement, text)
    return text


def impersonal_reason(error: Exception) -> str:
    """What an exception says, in one line and without quoted values of elements; its kind where nothing is left.

    Examples
    --------
    >>> impersonal_reason(KeyError()), impersonal_reason(ValueError("too  short"))
    ('KeyError', 'too short')
    """
    return impersonal(" ".join(str(error).split())) or type(error).__name__


class _Ear:
    """Collects the warnings of each thread that listens.

    ``warnings.catch_warnings`` changes the whole process, so two threads that enter and leave it in turn can leave it changed for
    good. Here the first listener enters it, the last one leaves it, and each thread gets its own warnings. Warnings of threads
    that do not listen go on to whoever handled them before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners = 0
        self._stack = contextlib.ExitStack()
        self._own = threading.local()

    def _show(
        self,
        handled_before: Callable[..., None],
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        notes: list[str] | None = getattr(self._own, "notes", None)
        if notes is None:
            handled_before(message, category, filename, lineno, file, line)
            return
        note = impersonal(" ".join(str(message).split()))
        if note not in notes and len(notes) < MAX_NOTES:
            notes.append(note)

    def _enter(self) -> None:
        with self._lock:
            if self._listeners == 0:
                self._stack.enter_context(warnings.catch_warnings())
                warnings.simplefilter("always")
                handled_before = warnings.showwarning

                def show(
                    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
                ) -> None:
                    self._show(handled_before, message, category, filename, lineno, file, line)

                warnings.showwarning = show
            self._listeners += 1

    def _leave(self) -> None:
        with self._lock:
            self._listeners -= 1
            if self._listeners == 0:
                self._stack.close()

    @contextlib.contextmanager
    def listen(self) -> Iterator[list[str]]:
        outer: list[str] | None = getattr(self._own, "notes", None)
        notes: list[str] = []
        self._own.notes = notes
        self._enter()
        try:
            yield notes
        finally:
            self._leave()
            self._own.notes = outer


_EAR = _Ear()


def collected_warnings() -> contextlib.AbstractContextManager[list[str]]:
    """Context that collects this thread's Python warnings as plain sentences instead of showing them. Thread-safe."""
    return _EAR.listen()
