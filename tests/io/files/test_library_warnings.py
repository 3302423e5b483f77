"""Warnings of many threads reach the thread that caused them and nobody else."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from calcitrack.io.files.library_warnings import MAX_NOTES, collected_warnings


def test_warnings_become_notes_once() -> None:
    """Repeated warnings are one note, and there is a bound."""
    with collected_warnings() as notes:
        for number in (1, 1, *range(100)):
            warnings.warn(f"note {number}", stacklevel=1)
    assert notes[:2] == ["note 1", "note 0"]
    assert len(notes) == MAX_NOTES


def test_filters_are_the_callers_again_afterwards() -> None:
    """Filters and the handler are restored, also when the body raised."""
    before = (list(warnings.filters), warnings.showwarning)
    with pytest.raises(KeyError), collected_warnings():
        raise KeyError
    assert (list(warnings.filters), warnings.showwarning) == before


def test_inner_listeners_do_not_take_from_outer_ones() -> None:
    """A warning belongs to the innermost listener of its thread."""
    with collected_warnings() as outer:
        warnings.warn("first", stacklevel=1)
        with collected_warnings() as inner:
            warnings.warn("second", stacklevel=1)
        warnings.warn("third", stacklevel=1)
    assert (outer, inner) == (["first", "third"], ["second"])


def test_threads_hear_their_own_warnings() -> None:
    """Eight threads at once, each with its own text, and the filters are restored when the last one leaves."""
    before = list(warnings.filters)
    barrier = threading.Barrier(8)

    def listen(name: int) -> list[str]:
        with collected_warnings() as notes:
            barrier.wait(5)
            warnings.warn(f"from {name}", stacklevel=1)
            barrier.wait(5)
        return notes

    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(listen, range(8)))
    assert heard == [[f"from {n}"] for n in range(8)]
    assert list(warnings.filters) == before
